//! Images as a device holds them: bytes, four to a word, each image from a word of its own on; and their labels.

use crate::{Error, Result};

/// A growing set of images of one size with a label each. It stays on the host too, so that a lost device can be filled again.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ImageStore {
    bytes_per_image: usize,
    classes: usize,
    capacity: usize,
    words: Vec<u32>,
    labels: Vec<u32>,
}

impl ImageStore {
    /// An empty store for up to `capacity` images of `side × side × channels` bytes with labels below `classes`.
    pub fn new(side: usize, channels: usize, classes: usize, capacity: usize) -> Self {
        ImageStore { bytes_per_image: side * side * channels, classes, capacity, ..Self::default() }
    }

    /// Words that one image takes.
    pub fn words_per_image(&self) -> usize {
        self.bytes_per_image.div_ceil(4)
    }

    /// Images held.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// True before the first images.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The images from `first` on, as words.
    pub fn words_from(&self, first: usize) -> &[u32] {
        &self.words[first * self.words_per_image()..]
    }

    /// The labels from `first` on.
    pub fn labels_from(&self, first: usize) -> &[u32] {
        &self.labels[first..]
    }

    /// The bytes of image `i`, row by row, channels innermost.
    pub fn image(&self, i: usize) -> &[u8] {
        let words = &self.words[i * self.words_per_image()..][..self.words_per_image()];
        &bytemuck::cast_slice(words)[..self.bytes_per_image]
    }

    /// Appends images, row by row with channels innermost, 0 to 255, and a label for each. On an error nothing is appended.
    ///
    /// # Errors
    /// [`Error::Config`] for `images` if bytes and labels do not make whole images of this store's size, if they are more
    /// than it was made for, or if a label is not below the number of classes.
    pub fn push(&mut self, pixels: &[u8], labels: &[u8]) -> Result<()> {
        let fail = |message: String| Err(Error::config("images", message));
        let (size, count) = (self.bytes_per_image, labels.len());
        if pixels.len() != size * count {
            return fail(format!("{} bytes for {count} labels: {count} images of {size} bytes would be {}", pixels.len(), size * count));
        }
        if self.len() + count > self.capacity {
            return fail(format!("{} more than the {} of this run's configuration", self.len() + count - self.capacity, self.capacity));
        }
        if let Some(i) = labels.iter().position(|l| usize::from(*l) >= self.classes) {
            return fail(format!("label {} of image {i} is not below the number of classes, {}", labels[i], self.classes));
        }
        for image in pixels.chunks_exact(size) {
            let word = |bytes: &[u8]| bytes.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
            self.words.extend(image.chunks(4).map(word));
        }
        self.labels.extend(labels.iter().map(|l| u32::from(*l)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_and_each_image_starts_a_word() {
        let mut store = ImageStore::new(3, 1, 10, 4);
        let pixels: Vec<u8> = (0..18).collect();
        store.push(&pixels, &[3, 9]).expect("fits");
        assert_eq!((store.len(), store.words_per_image()), (2, 3));
        assert_eq!(store.words_from(0)[0], 0x0302_0100);
        assert_eq!(store.image(1), &pixels[9..]);
        assert_eq!(store.labels_from(1), [9]);
    }

    #[test]
    fn what_does_not_fit_changes_nothing() {
        let mut store = ImageStore::new(2, 1, 10, 2);
        for (pixels, labels) in [(5, vec![1]), (4, vec![10]), (12, vec![0, 1, 2]), (4, vec![])] {
            let error = store.push(&vec![0; pixels], &labels).expect_err("refused");
            assert!(matches!(error, Error::Config { .. }), "{error}");
            assert!(store.is_empty() && store.words_from(0).is_empty());
        }
    }
}
