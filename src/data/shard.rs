//! Packed image sets as `scripts/data.mjs` writes them: a `manifest.json` and shards. A shard is gzip around all pixels, then
//! one label byte an image; this file reads what is inside, so that it needs no decompressor.

use super::ImageSet;
use crate::{Error, Result};
use serde::Deserialize;

/// `manifest.json`: what a set is, whose it is, and which files it has.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Manifest {
    /// The set's name in configurations, e.g. `fashion_mnist`.
    pub name: String,
    /// Its name for readers.
    pub title: String,
    /// The licence's name.
    pub licence: String,
    /// Whom to credit.
    pub credit: String,
    /// Where it comes from.
    pub url: String,
    /// Rows and columns of an image.
    pub side: usize,
    /// 1 for grey, 3 for colour.
    pub channels: usize,
    /// Names of the classes, by label.
    pub classes: Vec<String>,
    /// Shards of the training images, in order.
    pub train: Vec<Shard>,
    /// Shards of the test images, in order.
    pub test: Vec<Shard>,
}

/// One file of a set.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Shard {
    /// Its name, beside the manifest.
    pub file: String,
    /// Number of images in it.
    pub count: usize,
    /// Size of the compressed file.
    pub bytes: usize,
}

impl Manifest {
    /// Parses a manifest.
    ///
    /// # Errors
    /// [`Error::Data`] if it is no JSON, or a key is missing or of the wrong type.
    pub fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| Error::data("manifest.json", format!("{error}; pack the set again")))
    }

    /// An empty set of this side, channels and classes.
    ///
    /// # Errors
    /// [`Error::Data`] as [`ImageSet::new`].
    pub fn empty_set(&self) -> Result<ImageSet> {
        ImageSet::new(self.side, self.channels, self.classes.len())
    }
}

/// Appends the images of a shard's unpacked `bytes` to `set`.
///
/// # Errors
/// [`Error::Data`] that names the file if its size is not that of its images and labels, or a label is no class.
pub fn append(set: &mut ImageSet, shard: &Shard, bytes: &[u8]) -> Result<usize> {
    let wanted = shard.count as u64 * (set.image_bytes() as u64 + 1);
    if bytes.len() as u64 != wanted {
        let message = format!("{} bytes unpacked, expected {wanted} for {} images: the file is damaged", bytes.len(), shard.count);
        return Err(Error::data(&shard.file, message));
    }
    let (pixels, labels) = bytes.split_at(bytes.len() - shard.count);
    set.push(pixels, labels).map_err(|error| Error::data(&shard.file, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"{"name":"dots","title":"Dots","licence":"CC0","credit":"nobody","url":"","side":2,"channels":1,
        "classes":["dark","light"],"train":[{"file":"train-0.bin.gz","count":2,"bytes":30}],"test":[]}"#;

    #[test]
    fn a_shard_is_pixels_then_labels() {
        let manifest = Manifest::from_json(MANIFEST).unwrap();
        let mut set = manifest.empty_set().unwrap();
        assert_eq!((set.side(), set.channels(), set.classes()), (2, 1, 2));
        let bytes = [1, 2, 3, 4, 5, 6, 7, 8, 1, 0];
        assert_eq!(append(&mut set, &manifest.train[0], &bytes).unwrap(), 2);
        assert_eq!((set.pixels(), set.labels()), (&bytes[..8], &bytes[8..]));
    }

    #[test]
    fn damage_is_named() {
        let manifest = Manifest::from_json(MANIFEST).unwrap();
        let mut set = manifest.empty_set().unwrap();
        for (bytes, words) in [
            (vec![0; 9], "9 bytes unpacked, expected 10 for 2 images"),
            (vec![], "0 bytes unpacked"),
            (vec![7; 10], "7 is the label of image 0"),
        ] {
            let error = append(&mut set, &manifest.train[0], &bytes).unwrap_err().to_string();
            assert!(error.starts_with("train-0.bin.gz: ") && error.contains(words), "{error}");
        }
        assert!(set.is_empty());
    }

    #[test]
    fn manifests_are_checked() {
        for text in ["", "[]", "{}", &MANIFEST.replace("\"side\":2", "\"side\":-2"), &MANIFEST.replace("count", "number")] {
            let error = Manifest::from_json(text).unwrap_err().to_string();
            assert!(error.starts_with("manifest.json: "), "{error}");
        }
        let huge = Manifest::from_json(&MANIFEST.replace("\"side\":2", "\"side\":2000")).unwrap();
        assert!(huge.empty_set().is_err());
    }
}
