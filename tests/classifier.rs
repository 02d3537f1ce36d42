//! The judge of generated digits is a good one, and the page's tests get it as a file.
#![cfg(not(target_arch = "wasm32"))]

#[path = "common/classifier.rs"]
mod classifier;
#[path = "common/images.rs"]
mod images;

use std::fs;
use std::time::Instant;

use images::Split;

/// Where the page's tests look for the classifier.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/test-output");

#[test]
fn it_recognises_98_of_100_test_digits() {
    let test = images::load("mnist", Split::Test, usize::MAX).expect("packed");
    let clock = Instant::now();
    let trained = classifier::mnist().expect("trains");
    let (training, clock) = (clock.elapsed(), Instant::now());
    let digits = classifier::floats(test.pixels());
    let guesses = classifier::classify(&digits).expect("classifies");
    let right = guesses.iter().zip(test.labels()).filter(|(guess, label)| guess == label).count();
    println!("{right} of {}, trained in {training:.1?}, judged in {:.1?}", test.len(), clock.elapsed());
    assert_eq!(test.len(), 10_000);
    assert!(right >= 9_800, "{right} of 10,000 test digits are right");

    // Nothing is cached: the file is for `tests/page/`, which has no other way to this classifier.
    fs::create_dir_all(FOLDER).expect("a folder");
    let bytes = trained.to_bytes(&digits[..40 * 784]).expect("writes");
    fs::write(format!("{FOLDER}/classifier.safetensors"), bytes).expect("writes");
    let error = classifier::classify(&digits[..1000]).expect_err("no whole images").to_string();
    assert!(error.contains("1000 numbers"), "{error}");
}
