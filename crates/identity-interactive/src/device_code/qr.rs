//! A QR code of half blocks: two rows of modules in a line of text.

use qrcode::types::Color;
use qrcode::{EcLevel, QrCode};

/// How many light modules have to surround the code. The standard says four; readers are content with two, and terminals are narrow.
const QUIET: usize = 2;

/// `text` as a QR code, or nothing when it is wider than `columns` or too long. Light modules are drawn, so that it is dark on light on the usual dark
/// terminal; readers take the inverse as well.
pub(super) fn half_blocks(text: &str, columns: usize) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let width = code.width();
    let side = width + 2 * QUIET;
    if side > columns {
        return None;
    }
    let colors = code.to_colors();
    let is_light = |x: usize, y: usize| {
        let inside = (QUIET..QUIET + width).contains(&x) && (QUIET..QUIET + width).contains(&y);
        !inside || colors.get((y - QUIET) * width + (x - QUIET)) != Some(&Color::Dark)
    };
    let mut out = String::new();
    for y in (0..side).step_by(2) {
        for x in 0..side {
            // Below the last row there is nothing to be drawn.
            let lower = y + 1 < side && is_light(x, y + 1);
            out.push(match (is_light(x, y), lower) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        out.push('\n');
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drawing_holds_the_code_module_by_module() {
        let url = "https://microsoft.com/devicelogin";
        let code = QrCode::with_error_correction_level(url, EcLevel::L).unwrap();
        let drawing = half_blocks(url, 40).unwrap();
        let lines: Vec<Vec<char>> = drawing.lines().map(|line| line.chars().collect()).collect();
        let side = code.width() + 2 * QUIET;
        assert!(lines.iter().all(|line| line.len() == side) && lines.len() == side.div_ceil(2));
        let light = |x: usize, y: usize| matches!((lines[y / 2][x], y % 2), ('█', _) | ('▀', 0) | ('▄', 1));
        for y in 0..code.width() {
            for x in 0..code.width() {
                assert_eq!(
                    light(x + QUIET, y + QUIET),
                    code[(x, y)] == Color::Light,
                    "{x} {y}"
                );
            }
        }
        assert!(
            (0..side).all(|at| light(at, 0) && light(0, at) && light(at, side - 1) && light(side - 1, at))
        );
    }

    #[test]
    fn what_does_not_fit_is_not_drawn() {
        assert_eq!(half_blocks("https://microsoft.com/devicelogin", 20), None);
        assert_eq!(half_blocks(&"x".repeat(5000), 1000), None);
    }
}
