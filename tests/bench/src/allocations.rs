//! Allocations of a cached hit and bytes of a cached token: figures that don't vary.

use std::hint::black_box;

use allocation_counter::measure as counted;

use crate::report::Goal::AtMost;
use crate::report::{Line, Report, number};
use crate::service::{Service, TOKEN_LENGTH, scope, scopes};
use crate::subject::local_runtime;
use crate::{official, ours};

/// Tokens whose bytes are counted.
const TOKENS: usize = 10_000;

const MEMORY: &str = "beside the token: its header, its ends on two clocks, its refresh plan, the key, its flights' and handles' lists, its place in a table at most half full";

pub fn measure(report: &mut Report) -> Result<(), String> {
    // The counter has to see a box before its zero means anything.
    let one = counted(|| drop(black_box(Box::new(1))));
    if one.count_total != 1 {
        return Err(format!(
            "the allocation counter saw {} allocations in one box",
            one.count_total
        ));
    }
    let theirs = through_their_trait(official::credential(1)?)?;
    for keys in [1, 100, 10_000] {
        let ours = of_hits(keys)?;
        report.add(
            Line::new(
                format!("allocations a hit, {keys} keys"),
                number(ours),
                number(theirs),
            )
            .figure(ours, "")
            .must(AtMost(0.0)),
        );
    }
    let adapter = through_their_trait(ours::behind_their_trait()?)?;
    report.add(
        Line::new(
            "allocations a hit behind their trait",
            number(adapter),
            number(theirs),
        )
        .figure(adapter, ""),
    );
    memory(report)
}

fn of_hits(keys: usize) -> Result<f64, String> {
    let credential = ours::credential(keys)?;
    let scopes = scopes(keys);
    let mut hits = 0;
    let counted = counted(|| {
        for scope in &scopes {
            hits += usize::from(black_box(credential.get_token(&[scope]).try_now()).is_ok());
        }
    });
    match hits == keys {
        true => Ok(counted.count_total as f64 / keys as f64),
        false => Err(format!("{hits} hits of {keys}")),
    }
}

fn through_their_trait(
    credential: std::sync::Arc<dyn azure_core::credentials::TokenCredential>,
) -> Result<f64, String> {
    let (runtime, scope) = (local_runtime()?, scope(0));
    let counted = counted(|| {
        black_box(runtime.block_on(credential.get_token(&[&scope], None)).is_ok());
    });
    Ok(counted.count_total as f64)
}

/// Bytes a cached token, and what more tokens than there is room for do.
fn memory(report: &mut Report) -> Result<(), String> {
    let runtime = local_runtime()?;
    let names = scopes(3 * TOKENS);
    let fill = |from: usize, keys: usize, get: &dyn Fn(&str) -> bool| {
        let mut failed = 0_usize;
        let names = names.iter().skip(from).take(keys);
        let counted = counted(|| names.for_each(|scope| failed += usize::from(!get(scope))));
        match failed {
            0 => Ok(counted.bytes_current as f64),
            _ => Err(format!("{failed} tokens were not got")),
        }
    };
    let credential = ours::cold(&Service::new(), TOKENS, None)?;
    let get = |scope: &str| runtime.block_on(credential.get_token(&[scope])).is_ok();
    let all = fill(0, TOKENS, &get)?;
    let more = fill(TOKENS, 2 * TOKENS, &get)?;
    let theirs = official::cold(&Service::new())?;
    let get = |scope: &str| runtime.block_on(theirs.get_token(&[scope], None)).is_ok();
    let their_all = fill(0, TOKENS, &get)?;
    let their_more = fill(TOKENS, 2 * TOKENS, &get)?;
    let (each, their_each) = (all / TOKENS as f64, their_all / TOKENS as f64);
    let beside = each - TOKEN_LENGTH as f64;
    report.add(
        Line::new(
            "memory a token of 1,500 bytes, bytes",
            number(each),
            number(their_each),
        )
        .figure(beside, "beside the token")
        .must(AtMost(450.0))
        .aim(AtMost(300.0))
        .stands(MEMORY, AtMost(600.0)),
    );
    let (grown, their_grown) = (more / all, their_more / their_all);
    report.add(
        Line::new(
            "growth by twice as many tokens as there is room for",
            percent(grown),
            format!("{} (no limit)", percent(their_grown)),
        )
        .figure(grown * 100.0, "%")
        .must(AtMost(5.0)),
    );
    Ok(())
}

fn percent(part: f64) -> String {
    format!("{:+.1} %", part * 100.0)
}
