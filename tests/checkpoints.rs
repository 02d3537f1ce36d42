//! Files that are not what they should be: each is refused with a word on what is wrong, and none brings anything down.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::runs::{small, train};
use pollster::block_on;
use unnoise::Error;
use unnoise::cpu::CpuBackend;
use unnoise::threefry::Stream;
use unnoise::train::{Snapshot, Trainer};

fn good() -> Vec<u8> {
    let mut cpu = CpuBackend::<f32>::new();
    let mut trainer = block_on(Trainer::new(&mut cpu, &small())).expect("starts");
    block_on(train(&mut cpu, &mut trainer, 3, 3)).expect("trains");
    block_on(trainer.snapshot(&mut cpu)).expect("a snapshot").to_bytes().expect("writes")
}

/// The file with its header's text changed, its length set right.
fn with_header(bytes: &[u8], change: impl Fn(String) -> String) -> Vec<u8> {
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    let header = change(String::from_utf8(bytes[8..8 + length].to_vec()).expect("text"));
    let mut out = (header.len() as u64).to_le_bytes().to_vec();
    out.extend(header.as_bytes());
    out.extend(&bytes[8 + length..]);
    out
}

#[track_caller]
fn refused(bytes: &[u8], field: &str) {
    match Snapshot::from_bytes(bytes) {
        Err(Error::Checkpoint { field: got, message }) => {
            assert!(got.contains(field), "named {got} ({message}), expected {field}");
            assert!(message.len() > 20, "says too little: {message}");
        }
        other => panic!("expected a checkpoint error about {field}, got {:?}", other.map(|s| s.step())),
    }
}

#[test]
fn damaged_files_are_refused_by_name() {
    let file = good();
    assert_eq!(Snapshot::from_bytes(&file).expect("the good one").step(), 3);
    refused(&[], "header");
    refused(&[7; 5], "header");
    refused(&vec![0xff; 1000], "header");
    refused(&file[..file.len() / 2], "header");
    refused(&file[..file.len() - 1], "header");
    refused(&[file.as_slice(), &[0]].concat(), "header");
    // A header longer than the file; one of four exabytes.
    refused(&[(file.len() as u64 * 2).to_le_bytes().as_slice(), &file[8..]].concat(), "header");
    refused(&[(1u64 << 62).to_le_bytes().as_slice(), &file[8..]].concat(), "header");
    refused(&with_header(&file, |h| h.replace('{', "[")), "header");
}

#[test]
fn tensors_that_do_not_fit_are_refused_by_name() {
    let file = good();
    refused(&with_header(&file, |h| h.replace("\"net.2.weight\":{", "\"net.7.weight\":{")), "net.2.weight");
    refused(&with_header(&file, |h| h.replace("\"ema.net.0.bias\":{", "\"ema.nothing\":{")), "ema.net.0.bias");
    refused(&with_header(&file, |h| h.replacen("\"shape\":[20,20]", "\"shape\":[40,10]", 1)), "net.2.weight");
    refused(
        &with_header(&file, |h| h.replace("\"state.counters\":{\"dtype\":\"U32\"", "\"state.counters\":{\"dtype\":\"I32\"")),
        "state.counters",
    );
    // Overlap, a hole, and the far side of the file.
    let offsets = |bytes: &[u8]| {
        let length = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
        let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).expect("JSON");
        header["net.0.bias"]["data_offsets"].to_string()
    };
    let range = offsets(&file);
    for bad in ["[0,80]", "[4,84]", "[999999900,999999980]", "[80,0]", "[18446744073709551536,18446744073709551615]"] {
        let damaged = with_header(&file, |h| h.replace(&range, bad));
        assert!(matches!(Snapshot::from_bytes(&damaged), Err(Error::Checkpoint { .. })), "offsets {bad}");
    }
}

#[test]
fn metadata_is_checked() {
    let file = good();
    refused(&with_header(&file, |h| h.replace("unnoise-checkpoint", "somebody-else")), "format");
    refused(&with_header(&file, |h| h.replace("\"version\":\"1\"", "\"version\":\"9\"")), "version");
    refused(&with_header(&file, |h| h.replace("\\\"width\\\":20", "\\\"width\\\":0")), "config");
    refused(&with_header(&file, |h| h.replace("\\\"width\\\":20", "\\\"width\\\":24")), "net.0.weight");
    refused(&with_header(&file, |h| h.replace("\\\"width\\\":20", "\\\"width\\\":\\\"wide\\\"")), "config");
    refused(&with_header(&file, |h| h.replace("\\\"seed\\\":1", "\\\"seed\\\":2")), "state.counters");
    refused(&with_header(&file, |h| h.replace("\\\"hidden_layers\\\":2", "\\\"hidden_layers\\\":1")), "net.");
    refused(&with_header(&file, |h| h.replace("\"format\":", "\"formal\":")), "format");
}

/// Two thousand files with a few bytes changed at random: an answer each, whatever it is.
#[test]
fn random_damage_never_panics() {
    let file = good();
    let header = u64::from_le_bytes(file[..8].try_into().expect("eight bytes")) as u32 + 8;
    for round in 0..2000 {
        let mut random = Stream::new(3, 1, round);
        let mut damaged = file.clone();
        for _ in 0..=random.below(4) {
            damaged[random.below(header) as usize] = random.next_u32() as u8;
        }
        let _ = Snapshot::from_bytes(&damaged);
    }
}
