//! The packed image sets are what they claim to be.
#![cfg(not(target_arch = "wasm32"))]

#[path = "common/images.rs"]
mod images;

use images::{Split, load};

/// Mean of all pixels, in 0..=1.
fn mean(pixels: &[u8]) -> f64 {
    pixels.iter().map(|&p| f64::from(p)).sum::<f64>() / pixels.len() as f64 / 255.0
}

#[test]
fn mnist_is_whole() {
    let train = load("mnist", Split::Train, usize::MAX).expect("packed");
    assert_eq!((train.len(), train.side(), train.channels(), train.classes()), (60_000, 28, 1, 10));
    assert_eq!(train.class_counts(), [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    // The figure that everybody normalises MNIST with is 0.1307.
    assert!((mean(train.pixels()) - 0.1307).abs() < 5e-5, "{}", mean(train.pixels()));
    let test = load("mnist", Split::Test, usize::MAX).expect("packed");
    assert_eq!(test.class_counts(), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
}

#[test]
fn fashion_mnist_is_whole() {
    let train = load("fashion_mnist", Split::Train, usize::MAX).expect("packed");
    assert_eq!(train.class_counts(), [6000; 10]);
    assert!((mean(train.pixels()) - 0.286).abs() < 5e-4, "{}", mean(train.pixels()));
    assert_eq!(load("fashion_mnist", Split::Test, usize::MAX).expect("packed").class_counts(), [1000; 10]);
}

#[test]
fn any_beginning_is_balanced() {
    let few = load("mnist", Split::Train, 1000).expect("packed");
    assert_eq!(few.len(), 1000);
    let whole = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949];
    for (class, (&count, share)) in few.class_counts().iter().zip(whole).enumerate() {
        let expected = share as f64 / 60.0;
        assert!((count as f64 - expected).abs() < 3.0, "class {class}: {count} of {expected:.1}");
    }
    let small = few.resized(14).expect("a good side");
    assert_eq!((small.side(), small.len()), (14, 1000));
    assert!((mean(small.pixels()) - mean(few.pixels())).abs() < 1e-3);
}

#[test]
fn a_missing_set_says_how_to_get_it() {
    let error = load("no_such_set", Split::Train, 1).expect_err("nothing there").to_string();
    assert!(error.contains("no_such_set") && error.contains("scripts/data.mjs"), "{error}");
}
