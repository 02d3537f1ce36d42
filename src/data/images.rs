//! A set of labelled images in memory.

use crate::{Error, Result};

/// Square images of one size with a class each, as bytes.
///
/// `pixels [n, side, side, channels]` in 0..=255, rows from the top, channels innermost; `labels [n]`, each below `classes`.
/// A set without labels has one class, and all its labels are 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSet {
    pixels: Vec<u8>,
    labels: Vec<u8>,
    side: usize,
    channels: usize,
    classes: usize,
}

impl ImageSet {
    /// Largest side of an image.
    pub const MAX_SIDE: usize = 1024;
    /// Largest number of classes: a label is a byte.
    pub const MAX_CLASSES: usize = 256;

    /// An empty set.
    ///
    /// # Errors
    /// [`Error::Data`] unless `side` is 1 to 1,024, `channels` 1 or 3, and `classes` 1 to 256.
    pub fn new(side: usize, channels: usize, classes: usize) -> Result<Self> {
        if !(1..=Self::MAX_SIDE).contains(&side) {
            return Err(Error::data("side", format!("images of {side} × {side} pixels; choose a side from 1 to {}", Self::MAX_SIDE)));
        }
        if channels != 1 && channels != 3 {
            return Err(Error::data("channels", format!("{channels}; grey images have 1, colour images 3")));
        }
        if !(1..=Self::MAX_CLASSES).contains(&classes) {
            let message = format!("{classes}; a set has 1 to {}, and 1 is a set without labels", Self::MAX_CLASSES);
            return Err(Error::data("classes", message));
        }
        Ok(ImageSet { pixels: Vec::new(), labels: Vec::new(), side, channels, classes })
    }

    /// Appends `labels.len()` images. Returns the number of images that the set then holds.
    ///
    /// # Errors
    /// [`Error::Data`] if the pixels are not those of as many whole images, or a label is no class; the set is then unchanged.
    pub fn push(&mut self, pixels: &[u8], labels: &[u8]) -> Result<usize> {
        let image = self.image_bytes();
        if pixels.len() != labels.len() * image {
            let (side, count) = (self.side, labels.len());
            let message = format!(
                "{} bytes for {count} labels; {count} images of {side} × {side} × {} take {}",
                pixels.len(),
                self.channels,
                count * image
            );
            return Err(Error::data("pixels", message));
        }
        if let Some(at) = labels.iter().position(|&label| usize::from(label) >= self.classes) {
            let message = format!("{} is the label of image {at}, but the set has the classes 0 to {}", labels[at], self.classes - 1);
            return Err(Error::data("labels", message));
        }
        self.pixels.extend_from_slice(pixels);
        self.labels.extend_from_slice(labels);
        Ok(self.len())
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Rows and columns of an image.
    pub fn side(&self) -> usize {
        self.side
    }

    /// 1 for grey, 3 for red, green and blue.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Number of classes; 1 for a set without labels.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// All pixels, `[n, side, side, channels]`.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// All labels, `[n]`.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// Image `index`, `[side, side, channels]`; `None` past the end.
    pub fn image(&self, index: usize) -> Option<&[u8]> {
        self.pixels.chunks_exact(self.image_bytes()).nth(index)
    }

    /// Bytes of one image.
    pub fn image_bytes(&self) -> usize {
        self.side * self.side * self.channels
    }

    /// How many images each class has, `[classes]`.
    pub fn class_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes];
        for &label in &self.labels {
            counts[usize::from(label)] += 1;
        }
        counts
    }

    /// Checks that every class has an image: a model cannot learn a class it never sees.
    ///
    /// # Errors
    /// [`Error::Data`] that names the first empty class.
    pub fn check_classes(&self) -> Result<()> {
        match self.class_counts().iter().position(|&count| count == 0) {
            None => Ok(()),
            Some(class) => {
                let message = format!("no image has this label; the {} classes must be labelled 0 to {}", self.classes, self.classes - 1);
                Err(Error::data(format!("class {class}"), message))
            }
        }
    }

    /// The first `count` images, or all if there are fewer.
    pub fn first(&self, count: usize) -> Self {
        let count = count.min(self.len());
        let (pixels, labels) = (self.pixels[..count * self.image_bytes()].to_vec(), self.labels[..count].to_vec());
        ImageSet { pixels, labels, ..*self }
    }

    /// The same images at another side, by area averaging: a new pixel is the mean of the area it covers, rounded half up.
    /// 28 to 14 is the mean of 2 × 2 pixels. The page computes the same bytes.
    ///
    /// # Errors
    /// [`Error::Data`] unless `side` is 1 to 1,024.
    pub fn resized(&self, side: usize) -> Result<Self> {
        let mut out = ImageSet::new(side, self.channels, self.classes)?;
        let cover = cover(self.side, side);
        // Each axis' weights sum up to the old side.
        let area = (self.side * self.side) as u64;
        out.labels.clone_from(&self.labels);
        out.pixels.reserve(self.len() * out.image_bytes());
        for image in self.pixels.chunks_exact(self.image_bytes()) {
            for rows in &cover {
                for columns in &cover {
                    for channel in 0..self.channels {
                        let mut sum = 0u64;
                        for &(y, weight_y) in rows {
                            for &(x, weight_x) in columns {
                                sum += weight_y * weight_x * u64::from(image[(y * self.side + x) * self.channels + channel]);
                            }
                        }
                        // A mean of bytes is a byte.
                        out.pixels.push(((2 * sum + area) / (2 * area)) as u8);
                    }
                }
            }
        }
        Ok(out)
    }
}

/// For each of `to` cells of an axis, the cells of `from` that it overlaps, with the lengths of the overlaps in units of
/// 1 / (from · to) of the axis.
fn cover(from: usize, to: usize) -> Vec<Vec<(usize, u64)>> {
    (0..to)
        .map(|cell| {
            let (start, end) = (cell * from, (cell + 1) * from);
            (start / to..end.div_ceil(to)).map(|old| (old, (end.min((old + 1) * to) - start.max(old * to)) as u64)).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused<T: std::fmt::Debug>(result: Result<T>, part: &str, words: &str) {
        match result {
            Err(Error::Data { part: got, message }) => {
                assert_eq!(got, part, "{message}");
                assert!(message.contains(words), "{message}");
            }
            other => panic!("expected an error about {part}, got {other:?}"),
        }
    }

    #[test]
    fn images_and_labels_are_kept_in_order() {
        let mut set = ImageSet::new(2, 3, 4).unwrap();
        assert!(set.is_empty() && set.image(0).is_none());
        let pixels: Vec<u8> = (0..24).collect();
        assert_eq!(set.push(&pixels, &[3, 1]).unwrap(), 2);
        assert_eq!(set.push(&pixels[..12], &[1]).unwrap(), 3);
        assert_eq!(set.image(1).unwrap(), &pixels[12..]);
        assert_eq!(set.image(2).unwrap(), &pixels[..12]);
        assert!(set.image(3).is_none());
        assert_eq!((set.labels(), set.class_counts()), ([3, 1, 1].as_slice(), vec![0, 2, 0, 1]));
        assert_eq!(set.first(2).labels(), [3, 1]);
        assert_eq!(set.first(2).pixels(), pixels);
        assert_eq!(set.first(9), set);
    }

    #[test]
    fn impossible_sets_are_refused() {
        refused(ImageSet::new(0, 1, 1), "side", "0 × 0");
        refused(ImageSet::new(1025, 1, 1), "side", "1 to 1024");
        refused(ImageSet::new(28, 2, 1), "channels", "2;");
        refused(ImageSet::new(28, 1, 0), "classes", "0;");
        refused(ImageSet::new(28, 1, 257), "classes", "1 to 256");
    }

    #[test]
    fn parts_that_do_not_fit_are_refused_and_change_nothing() {
        let mut set = ImageSet::new(2, 1, 2).unwrap();
        set.push(&[1, 2, 3, 4], &[1]).unwrap();
        let before = set.clone();
        refused(set.push(&[0; 7], &[0, 0]), "pixels", "7 bytes for 2 labels; 2 images of 2 × 2 × 1 take 8");
        refused(set.push(&[0; 8], &[0]), "pixels", "take 4");
        refused(set.push(&[0; 8], &[1, 2]), "labels", "2 is the label of image 1, but the set has the classes 0 to 1");
        assert_eq!(set, before);
        refused(set.check_classes(), "class 0", "no image has this label");
        set.push(&[0; 4], &[0]).unwrap();
        set.check_classes().unwrap();
    }

    fn grey(side: usize, pixels: &[u8]) -> ImageSet {
        let mut set = ImageSet::new(side, 1, 1).unwrap();
        set.push(pixels, &vec![0; pixels.len() / (side * side)]).unwrap();
        set
    }

    #[test]
    fn half_the_side_is_the_rounded_mean_of_four() {
        let set = grey(4, &[1, 2, 0, 0, 3, 4, 0, 1, 255, 255, 9, 9, 255, 255, 9, 8]);
        // 2.5 and 0.25 and 255 and 8.75, halves up.
        assert_eq!(set.resized(2).unwrap().pixels(), [3, 0, 255, 9]);
        assert_eq!(set.resized(4).unwrap(), set);
    }

    #[test]
    fn sides_that_do_not_divide_share_pixels() {
        // Each new pixel covers 1.5 old ones a side: 90 · 1 / 2.25, and 9 / 2.25.
        let set = grey(3, &[90, 0, 0, 0, 0, 0, 0, 0, 9]);
        assert_eq!(set.resized(2).unwrap().pixels(), [40, 0, 0, 4]);
        assert_eq!(set.resized(1).unwrap().pixels(), [11]);
        // Larger: pixels are repeated, and mixed where they meet.
        assert_eq!(grey(2, &[0, 100, 0, 100]).resized(3).unwrap().pixels(), [0, 50, 100, 0, 50, 100, 0, 50, 100]);
        refused(set.resized(0), "side", "0 × 0");
    }

    #[test]
    fn channels_do_not_mix() {
        let mut set = ImageSet::new(2, 3, 5).unwrap();
        set.push(&[10, 20, 30, 20, 30, 40, 30, 40, 50, 40, 50, 60], &[4]).unwrap();
        let small = set.resized(1).unwrap();
        assert_eq!((small.pixels(), small.labels(), small.classes()), ([25, 35, 45].as_slice(), [4].as_slice(), 5));
    }
}
