// SPDX-License-Identifier: GPL-2.0

//! Reads frames that are nonsense.
//!
//! `cargo test -p frames` reads 200,000, `FRAMES_INPUTS=10000000 cargo test --release -p frames` as
//! many as one likes. With `cargo bolero test` the same target runs in a fuzzer that is guided by
//! the coverage.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use frames::exercise::{input, read, seeds, Reached};

#[test]
fn nonsense_is_read_without_panic() {
    let inputs = std::env::var("FRAMES_INPUTS")
        .ok()
        .and_then(|inputs| inputs.parse().ok())
        .unwrap_or(200_000);
    let seeds = seeds();
    let progress = Mutex::new((Reached::default(), 0u64));
    let begin = Instant::now();

    bolero::check!()
        .with_iterations(inputs)
        .with_max_len(256)
        .for_each(|fuzz: &[u8]| {
            let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);

            read(&input(&seeds, fuzz), &mut progress.0);
            progress.1 += 1;
        });

    let (reached, count) = progress.into_inner().expect("no input has panicked");
    println!("{count} inputs in {:?}: {reached:?}", begin.elapsed());
    // Inputs that get nowhere show nothing.
    assert!(reached.frames > 0 && reached.mgmt > 0 && reached.ctrl > 0);
    assert!(reached.elements > 0 && reached.nested > 0 && reached.capabilities > 0);
}

#[test]
fn seeds_are_what_they_should_be() {
    let mut reached = Reached::default();

    for seed in seeds() {
        read(&seed, &mut reached);
    }
    assert!(reached.mgmt >= 12 && reached.ctrl >= 7, "{reached:?}");
    assert!(reached.nested >= 4 * 10, "{reached:?}");
    assert!(reached.capabilities >= 20, "{reached:?}");
}
