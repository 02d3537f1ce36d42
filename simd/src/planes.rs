//! An image channel by channel, padded: where the taps of a convolution read and write whole runs of pixels.

/// How taps lie over the planes of an image.
#[derive(Debug, Clone, Copy)]
pub struct Taps {
    /// Taps along each axis.
    pub kernel: usize,
    /// Pixels from one place to the next.
    pub stride: usize,
    /// Places of one row.
    pub columns: usize,
}

/// The planes of one image, `[channels, height, width]`, with room for padding all around.
#[derive(Debug, Clone)]
pub struct Planes {
    values: Vec<f32>,
    channels: usize,
    height: usize,
    width: usize,
    pad: usize,
    upsample: usize,
}

impl Planes {
    /// Planes of `extent` (height and width, padding included), all zero. The image begins `pad` pixels in, and each of its pixels
    /// takes `upsample × upsample` of theirs.
    pub fn new(channels: usize, extent: [usize; 2], pad: usize, upsample: usize) -> Self {
        let [height, width] = extent;
        Planes { values: vec![0.0; channels * height * width], channels, height, width, pad, upsample }
    }

    /// Sets everything to zero.
    pub fn clear(&mut self) {
        self.values.fill(0.0);
    }

    /// Takes an image `[rows, columns, channels]`; the padding stays as it is.
    pub fn fill(&mut self, image: &[f32], columns: usize) {
        let (channels, width, pad, up) = (self.channels, self.width, self.pad, self.upsample);
        for (channel, plane) in self.values.chunks_exact_mut(self.height * width).enumerate() {
            for (y, row) in image.chunks_exact(columns * channels).enumerate() {
                let line = &mut plane[(pad + y * up) * width + pad..][..columns * up];
                let pixels = row[channel..].iter().step_by(channels);
                if up == 1 {
                    line.iter_mut().zip(pixels).for_each(|(to, from)| *to = *from);
                } else {
                    line.chunks_exact_mut(up).zip(pixels).for_each(|(to, from)| to.fill(*from));
                    for copy in 1..up {
                        let start = (pad + y * up) * width + pad;
                        plane.copy_within(start..start + columns * up, start + copy * width);
                    }
                }
            }
        }
    }

    /// The reverse: each pixel of the image becomes the sum of those it had taken.
    pub fn collect(&self, image: &mut [f32], columns: usize) {
        let (channels, width, pad, up) = (self.channels, self.width, self.pad, self.upsample);
        for (channel, plane) in self.values.chunks_exact(self.height * width).enumerate() {
            for (y, row) in image.chunks_exact_mut(columns * channels).enumerate() {
                let pixels = row[channel..].iter_mut().step_by(channels);
                let line = &plane[(pad + y * up) * width + pad..];
                if up == 1 {
                    pixels.zip(line).for_each(|(to, from)| *to = *from);
                } else {
                    let sum = |x: usize| (0..up).map(|copy| line[copy * width + x * up..][..up].iter().sum::<f32>()).sum();
                    pixels.enumerate().for_each(|(x, to)| *to = sum(x));
                }
            }
        }
    }

    /// For every tap and channel, a run of what it reads at the places of rows `first ..`: `runs [taps, channels, places]`.
    pub fn gather(&self, taps: Taps, first: usize, runs: &mut [f32]) {
        let Taps { kernel, stride, columns } = taps;
        let places = runs.len() / (kernel * kernel * self.channels);
        for (i, run) in runs.chunks_exact_mut(places).enumerate() {
            let (tap, channel) = (i / self.channels, i % self.channels);
            for (row, run) in run.chunks_exact_mut(columns).enumerate() {
                let line = &self.values[self.start(channel, (first + row) * stride + tap / kernel) + tap % kernel..];
                if stride == 1 {
                    run.copy_from_slice(&line[..columns]);
                } else {
                    run.iter_mut().zip(line.iter().step_by(stride)).for_each(|(to, from)| *to = *from);
                }
            }
        }
    }

    /// The reverse: adds the runs to where they would have been read from.
    pub fn scatter(&mut self, taps: Taps, first: usize, runs: &[f32]) {
        let Taps { kernel, stride, columns } = taps;
        let places = runs.len() / (kernel * kernel * self.channels);
        for (i, run) in runs.chunks_exact(places).enumerate() {
            let (tap, channel) = (i / self.channels, i % self.channels);
            for (row, run) in run.chunks_exact(columns).enumerate() {
                let start = self.start(channel, (first + row) * stride + tap / kernel) + tap % kernel;
                let line = &mut self.values[start..];
                if stride == 1 {
                    line[..columns].iter_mut().zip(run).for_each(|(to, from)| *to += from);
                } else {
                    line.iter_mut().step_by(stride).zip(run).for_each(|(to, from)| *to += from);
                }
            }
        }
    }

    /// Where a line begins.
    fn start(&self, channel: usize, row: usize) -> usize {
        (channel * self.height + row) * self.width
    }
}
