//! IDX, the file format of MNIST (<http://yann.lecun.com/exdb/mnist/>): a magic number, the sizes as big-endian `u32`, bytes.
//!
//! Files come as plain bytes; whoever reads a `.gz` unpacks it first.

use super::ImageSet;
use crate::{Error, Result};

/// Magic number of a file of images: unsigned bytes in three dimensions.
pub const IMAGES: u32 = 0x803;
/// Magic number of a file of labels: unsigned bytes in one dimension.
pub const LABELS: u32 = 0x801;

/// A parsed file of images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdxImages<'a> {
    /// Number of images.
    pub count: usize,
    /// Height of an image, 1 to 1,024.
    pub rows: usize,
    /// Width of an image, 1 to 1,024.
    pub columns: usize,
    /// `[count, rows, columns]`, 0..=255.
    pub pixels: &'a [u8],
}

/// Parses a file of images.
///
/// # Errors
/// [`Error::Data`] if the magic number is not [`IMAGES`], the sizes are out of range, or the bytes do not match them.
pub fn images(bytes: &[u8]) -> Result<IdxImages<'_>> {
    let part = "IDX images";
    let ([count, rows, columns], pixels) = header(bytes, part, IMAGES)?;
    let sides = 1..=ImageSet::MAX_SIDE;
    if !sides.contains(&rows) || !sides.contains(&columns) {
        let message = format!("images of {rows} × {columns} pixels; a side of 1 to {} works", ImageSet::MAX_SIDE);
        return Err(Error::data(part, message));
    }
    check_length(part, pixels, count, rows * columns)?;
    Ok(IdxImages { count, rows, columns, pixels })
}

/// Parses a file of labels, one byte each.
///
/// # Errors
/// [`Error::Data`] if the magic number is not [`LABELS`] or the number of bytes is not that of the header.
pub fn labels(bytes: &[u8]) -> Result<&[u8]> {
    let part = "IDX labels";
    let ([count], labels) = header(bytes, part, LABELS)?;
    check_length(part, labels, count, 1)?;
    Ok(labels)
}

/// The images and labels of two files as one set. Images that are not square are padded to a square, centred, with 0.
///
/// # Errors
/// As [`images`] and [`labels`]; also if the counts differ, there is no image, a label is not below `classes`, or a class is
/// empty.
pub fn image_set(image_file: &[u8], label_file: &[u8], classes: usize) -> Result<ImageSet> {
    let (images, labels) = (images(image_file)?, labels(label_file)?);
    if images.count != labels.len() {
        let message = format!("{}, but there are {} images; choose the two files that belong together", labels.len(), images.count);
        return Err(Error::data("IDX labels", message));
    }
    if images.count == 0 {
        return Err(Error::data("IDX images", "the file holds no image"));
    }
    let mut set = ImageSet::new(images.rows.max(images.columns), 1, classes)?;
    if images.rows == images.columns {
        set.push(images.pixels, labels)?;
    } else {
        set.push(&squared(&images), labels)?;
    }
    set.check_classes()?;
    Ok(set)
}

/// The images in the middle of black squares, `[count, side, side]`; an odd margin is larger below and to the right.
fn squared(images: &IdxImages<'_>) -> Vec<u8> {
    let IdxImages { count, rows, columns, pixels } = *images;
    let side = rows.max(columns);
    let (top, left) = ((side - rows) / 2, (side - columns) / 2);
    let mut out = vec![0; count * side * side];
    for (row, source) in pixels.chunks_exact(columns).enumerate() {
        let at = ((row / rows) * side + top + row % rows) * side + left;
        out[at..at + columns].copy_from_slice(source);
    }
    out
}

/// The sizes of a file whose magic number must be `magic`, and what follows its header.
fn header<'a, const N: usize>(bytes: &'a [u8], part: &str, magic: u32) -> Result<([usize; N], &'a [u8])> {
    let word = |index: usize| bytes.get(4 * index..4 * index + 4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]));
    let short = || Error::data(part, format!("{} bytes, less than the header of {}", bytes.len(), 4 * (N + 1)));
    let found = word(0).ok_or_else(short)?;
    if found != magic {
        let what = match found {
            IMAGES => " (these are images)",
            LABELS => " (these are labels)",
            _ if bytes.starts_with(&[0x1f, 0x8b]) => " (this is gzip: unpack it first)",
            _ => "",
        };
        return Err(Error::data(part, format!("the magic number is 0x{found:08x}{what}, expected 0x{magic:08x}")));
    }
    let mut sizes = [0; N];
    for (index, size) in sizes.iter_mut().enumerate() {
        *size = word(index + 1).ok_or_else(short)? as usize;
    }
    Ok((sizes, &bytes[4 * (N + 1)..]))
}

/// Checks that `body` is `count` items of `item` bytes.
fn check_length(part: &str, body: &[u8], count: usize, item: usize) -> Result<()> {
    // In u64, for wasm's usize has 32 bits and a file may claim anything.
    let wanted = count as u64 * item as u64;
    if body.len() as u64 == wanted {
        return Ok(());
    }
    let message = format!("the header says {count} items, {wanted} bytes, but {} bytes follow: the file is damaged or cut off", body.len());
    Err(Error::data(part, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(magic: u32, sizes: &[u32], body: &[u8]) -> Vec<u8> {
        let words = std::iter::once(&magic).chain(sizes);
        words.flat_map(|word| word.to_be_bytes()).chain(body.iter().copied()).collect()
    }

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
    fn a_pair_of_files_is_a_set() {
        let pixels: Vec<u8> = (0..8).collect();
        let set = image_set(&file(IMAGES, &[2, 2, 2], &pixels), &file(LABELS, &[2], &[1, 0]), 2).unwrap();
        assert_eq!((set.side(), set.channels(), set.classes(), set.len()), (2, 1, 2, 2));
        assert_eq!((set.pixels(), set.labels()), (pixels.as_slice(), [1, 0].as_slice()));
    }

    #[test]
    fn oblong_images_stand_in_the_middle_of_a_square() {
        let wide = image_set(&file(IMAGES, &[2, 1, 4], &[1, 2, 3, 4, 5, 6, 7, 8]), &file(LABELS, &[2], &[0, 0]), 1).unwrap();
        assert_eq!(wide.side(), 4);
        assert_eq!(wide.image(0).unwrap(), [0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(wide.image(1).unwrap()[4..8], [5, 6, 7, 8]);
        let tall = image_set(&file(IMAGES, &[1, 3, 1], &[1, 2, 3]), &file(LABELS, &[1], &[0]), 1).unwrap();
        assert_eq!(tall.pixels(), [0, 1, 0, 0, 2, 0, 0, 3, 0]);
    }

    #[test]
    fn wrong_magic_numbers_say_what_was_found() {
        refused(images(&file(LABELS, &[1], &[0])), "IDX images", "0x00000801 (these are labels), expected 0x00000803");
        refused(labels(&file(IMAGES, &[1, 1, 1], &[0])), "IDX labels", "0x00000803 (these are images), expected 0x00000801");
        refused(images(&[0x1f, 0x8b, 8, 0, 0]), "IDX images", "this is gzip");
        refused(images(b"PNG picture"), "IDX images", "0x504e4720, expected");
    }

    #[test]
    fn short_and_long_files_are_refused() {
        refused(images(&[]), "IDX images", "0 bytes, less than the header of 16");
        refused(images(&file(IMAGES, &[1, 1], &[0])), "IDX images", "13 bytes, less than the header of 16");
        refused(labels(&file(LABELS, &[], &[])), "IDX labels", "4 bytes, less than the header of 8");
        refused(images(&file(IMAGES, &[2, 2, 2], &[0; 7])), "IDX images", "2 items, 8 bytes, but 7 bytes follow");
        refused(images(&file(IMAGES, &[2, 2, 2], &[0; 9])), "IDX images", "but 9 bytes follow");
        refused(labels(&file(LABELS, &[3], &[0; 2])), "IDX labels", "3 items, 3 bytes, but 2 bytes follow");
        refused(images(&file(IMAGES, &[u32::MAX, 1024, 1024], &[0; 9])), "IDX images", "but 9 bytes follow");
    }

    #[test]
    fn sizes_are_bounded() {
        for sizes in [[1, 0, 28], [1, 28, 0], [1, 1025, 28], [1, 28, u32::MAX]] {
            refused(images(&file(IMAGES, &sizes, &[])), "IDX images", "a side of 1 to 1024");
        }
        let empty = (file(IMAGES, &[0, 28, 28], &[]), file(LABELS, &[0], &[]));
        refused(image_set(&empty.0, &empty.1, 10), "IDX images", "no image");
    }

    #[test]
    fn files_that_do_not_belong_together_are_refused() {
        let images = file(IMAGES, &[3, 1, 1], &[7; 3]);
        let pair = |labels: &[u8], classes| image_set(&images, &file(LABELS, &[labels.len() as u32], labels), classes);
        refused(pair(&[0, 1], 2), "IDX labels", "2, but there are 3 images");
        refused(pair(&[0, 1, 2], 2), "labels", "2 is the label of image 2");
        refused(pair(&[0, 2, 2], 3), "class 1", "no image has this label");
        assert_eq!(pair(&[0, 1, 2], 3).unwrap().len(), 3);
    }
}
