//! A program that depends on the contract crate and nothing else.

fn main() {}
