//! Allocations of a cached hit: a figure that doesn't vary.

use std::hint::black_box;

use crate::ours;

pub fn print() -> Result<(), String> {
    // The counter has to see a box before its zero means anything.
    let one = allocation_counter::measure(|| drop(black_box(Box::new(1))));
    if one.count_total != 1 {
        return Err(format!(
            "the allocation counter saw {} allocations in one box",
            one.count_total
        ));
    }
    for (keys, max_entries) in [(1, 20_000), (100, 20_000), (10_000, 20_000), (10_000, 10_000)] {
        let credential = ours::credential(keys, max_entries);
        let scopes = ours::scopes(keys);
        let list: Vec<[&str; 1]> = scopes.iter().map(|scope| [scope.as_str()]).collect();
        let counted = allocation_counter::measure(|| {
            for scopes in &list {
                black_box(credential.get_token(scopes).try_now().is_ok());
            }
        });
        let hits = list
            .iter()
            .filter(|scopes| credential.get_token(&scopes[..]).try_now().is_ok())
            .count();
        if hits != keys {
            return Err(format!("{hits} hits of {keys}"));
        }
        println!(
            "allocations a hit, {keys} keys, cap {max_entries}: {}",
            counted.count_total as f64 / keys as f64
        );
    }
    let credential = crate::peer::credential(1);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| error.to_string())?;
    let scopes = ours::scopes(1);
    let counted = allocation_counter::measure(|| {
        black_box(
            runtime
                .block_on(credential.get_token(&[&scopes[0]], None))
                .is_ok(),
        );
    });
    println!("allocations a hit, azure_identity: {}", counted.count_total);
    Ok(())
}
