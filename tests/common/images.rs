//! The packed image sets in `data/`, for tests and examples; the crate itself unpacks nothing.
#![allow(dead_code, reason = "each test and example uses its share")]

use std::fs;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use unnoise::data::ImageSet;
use unnoise::data::shard::{Manifest, Shard, append};
use unnoise::{Error, Result};

/// Which images of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// Those to learn from.
    Train,
    /// Those kept back.
    Test,
}

/// The first `limit` images of a set in `data/`, named as in configurations: `mnist`, `fashion_mnist`.
///
/// # Errors
/// [`Error::Data`] that names the file if one is missing or damaged.
pub fn load(dataset: &str, split: Split, limit: usize) -> Result<ImageSet> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(dataset);
    let manifest = Manifest::from_json(&String::from_utf8_lossy(&read(&folder.join("manifest.json"))?))?;
    let mut set = manifest.empty_set()?;
    let shards = if split == Split::Train { &manifest.train } else { &manifest.test };
    for shard in shards {
        if set.len() >= limit {
            break;
        }
        let bytes = unpack(&folder, shard, set.image_bytes())?;
        append(&mut set, shard, &bytes)?;
    }
    Ok(if set.len() > limit { set.first(limit) } else { set })
}

fn unpack(folder: &Path, shard: &Shard, image_bytes: usize) -> Result<Vec<u8>> {
    let path = folder.join(&shard.file);
    let mut bytes = Vec::with_capacity(shard.count * (image_bytes + 1));
    GzDecoder::new(read(&path)?.as_slice()).read_to_end(&mut bytes).map_err(|error| fault(&path, &error))?;
    Ok(bytes)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| fault(path, &error))
}

fn fault(path: &Path, error: &std::io::Error) -> Error {
    Error::data(
        path.display().to_string(),
        format!("{error}; `./build.sh` packs the image sets, or `npm ci` in www/ and `node scripts/data.mjs data`"),
    )
}
