//! The encoder: a small transformer that reads a text as a whole.
//!
//! Two layers and the first position of a third, taken from a MiniLM (weights/NOTICE.md) and taught
//! further by its big sister on this project's messages: `training/README.md`. The numbers are kept
//! as signed bytes, each row or column with its own unit.

use std::sync::LazyLock;

use ndarray::{Array1, Array2, ArrayView1, ArrayViewMut1, Axis, Slice};

use crate::wordpiece::{MAX_PIECES, pieces};

/// Numbers that stand for a piece between the layers.
pub(crate) const WIDTH: usize = 384;
const HEADS: usize = 12;
const HEAD: usize = WIDTH / HEADS;
/// Numbers that a layer widens to in between.
const INNER: usize = 1_536;
/// Numbers of the vector that stands for a text's meaning.
pub(crate) const MEANING: usize = 128;
/// Pieces in the vocabulary: the lines of `weights/vocabulary.txt`.
const PIECES: usize = include!("../weights/pieces.in");

static FILE: &[u8] = include_bytes!("../weights/encoder.bin");
static ENCODER: LazyLock<Encoder> = LazyLock::new(|| Encoder::read(&mut Reader(FILE)));

/// What the encoder says of a text.
#[derive(Clone, Debug)]
pub(crate) struct Encoded {
    /// The evidence for a request for a human.
    pub(crate) request: f32,
    /// The mean of what stands for the pieces after the second layer.
    pub(crate) mean: Array1<f32>,
    /// The text's meaning, of length 1: texts that mean the same point the same way.
    pub(crate) meaning: Array1<f32>,
}

/// Reads a text.
pub(crate) fn encode(text: &str) -> Encoded {
    ENCODER.encode(&pieces(text))
}

/// The size of the encoder's and the vocabulary's files, in bytes.
pub(crate) const BYTES: usize = FILE.len() + include_str!("../weights/vocabulary.txt").len();

struct Encoder {
    /// Signed bytes, a row for each piece, with the row's unit.
    embeddings: (&'static [u8], Vec<f32>),
    positions: Array2<f32>,
    norm: Norm,
    layers: [Layer; 3],
    meaning: Dense,
    request: Dense,
}

struct Layer {
    query: Dense,
    key: Dense,
    value: Dense,
    output: Dense,
    attended: Norm,
    widen: Dense,
    narrow: Dense,
    norm: Norm,
}

struct Dense {
    weights: Array2<f32>,
    bias: Array1<f32>,
}

struct Norm {
    scale: Array1<f32>,
    shift: Array1<f32>,
}

impl Encoder {
    fn read(reader: &mut Reader) -> Self {
        Self {
            embeddings: (reader.bytes(PIECES * WIDTH), reader.floats(PIECES).to_vec()),
            positions: reader.matrix(MAX_PIECES, WIDTH),
            norm: reader.norm(),
            layers: [reader.layer(), reader.layer(), reader.layer()],
            meaning: reader.dense(WIDTH, MEANING),
            request: reader.dense(WIDTH, 1),
        }
    }

    fn encode(&self, pieces: &[u16]) -> Encoded {
        let mut rows = first_rows(&self.positions, pieces.len().min(MAX_PIECES));
        let (bytes, units) = &self.embeddings;
        for (mut row, piece) in rows.outer_iter_mut().zip(pieces) {
            let piece = usize::from(*piece);
            let unit = units.get(piece).copied().unwrap_or_default();
            let bytes = bytes.get(piece * WIDTH..(piece + 1) * WIDTH).unwrap_or_default();
            for (number, byte) in row.iter_mut().zip(bytes) {
                *number += unit * f32::from(byte.cast_signed());
            }
        }
        self.norm.apply(&mut rows);
        let [first, second, third] = &self.layers;
        let rows = first.apply(&rows, rows.nrows());
        let rows = second.apply(&rows, rows.nrows());
        let mean = rows.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(WIDTH));
        let whole = third.apply(&rows, 1);
        let mut meaning = self.meaning.apply_to(&mean.view());
        let length = meaning.dot(&meaning).sqrt().max(1e-9);
        meaning /= length;
        let request = whole.outer_iter().next().map_or(0.0, |row| self.request.apply_to(&row).sum());
        Encoded { request, mean, meaning }
    }
}

impl Layer {
    /// What the layer makes of the first `count` rows, which look at all.
    fn apply(&self, rows: &Array2<f32>, count: usize) -> Array2<f32> {
        let asking = first_rows(rows, count);
        let query = self.query.apply(&asking);
        let (key, value) = (self.key.apply(rows), self.value.apply(rows));
        let mut seen = Array2::zeros((count, WIDTH));
        for head in 0..HEADS {
            let part = Slice::from(head * HEAD..(head + 1) * HEAD);
            let of = |rows: &Array2<f32>| rows.slice_axis(Axis(1), part).to_owned();
            let mut attention = of(&query).dot(&of(&key).t());
            attention *= HEAD_SCALE;
            attention.outer_iter_mut().for_each(softmax);
            seen.slice_axis_mut(Axis(1), part).assign(&attention.dot(&of(&value)));
        }
        let mut attended = self.output.apply(&seen);
        attended += &asking;
        self.attended.apply(&mut attended);
        let mut inner = self.widen.apply(&attended);
        inner.mapv_inplace(gelu);
        let mut made = self.narrow.apply(&inner);
        made += &attended;
        self.norm.apply(&mut made);
        made
    }
}

/// One over the root of [`HEAD`].
const HEAD_SCALE: f32 = 0.176_776_7;

fn first_rows(rows: &Array2<f32>, count: usize) -> Array2<f32> {
    rows.slice_axis(Axis(0), Slice::from(..count)).to_owned()
}

fn softmax(mut row: ArrayViewMut1<f32>) {
    let most = row.iter().copied().fold(f32::MIN, f32::max);
    row.mapv_inplace(|number| (number - most).exp());
    let sum = row.sum();
    row /= sum;
}

/// The Gaussian error linear unit in its usual approximation
/// (<https://arxiv.org/abs/1606.08415>), the hyperbolic tangent by its continued fraction, which is
/// right to 0.0001 and makes one pass of plain arithmetic.
fn gelu(x: f32) -> f32 {
    let inner = (0.797_884_6 * (x + 0.044_715 * x * x * x)).clamp(-4.97, 4.97);
    let square = inner * inner;
    let above = inner * (135_135.0 + square * (17_325.0 + square * (378.0 + square)));
    let below = 135_135.0 + square * (62_370.0 + square * (3_150.0 + square * 28.0));
    0.5 * x * (1.0 + above / below)
}

impl Dense {
    fn apply(&self, rows: &Array2<f32>) -> Array2<f32> {
        let mut made = rows.dot(&self.weights);
        made += &self.bias;
        made
    }

    fn apply_to(&self, row: &ArrayView1<f32>) -> Array1<f32> {
        let mut made = row.dot(&self.weights);
        made += &self.bias;
        made
    }
}

impl Norm {
    fn apply(&self, rows: &mut Array2<f32>) {
        for mut row in rows.outer_iter_mut() {
            let mean = row.mean().unwrap_or_default();
            row -= mean;
            let deviation = (row.dot(&row) / WIDTH_F32).max(1e-12).sqrt();
            row /= deviation;
            row *= &self.scale;
            row += &self.shift;
        }
    }
}

const WIDTH_F32: f32 = 384.0;

/// Takes the parts of a file in their order: `training/export.py` writes them. What is missing of a
/// file is nought; a test proves that the file in use is used up.
struct Reader(&'static [u8]);

impl Reader {
    fn bytes(&mut self, count: usize) -> &'static [u8] {
        let (taken, rest) = self.0.split_at_checked(count).unwrap_or_default();
        self.0 = rest;
        taken
    }

    fn floats(&mut self, count: usize) -> Array1<f32> {
        let number = |bytes: &[u8]| f32::from_le_bytes(bytes.try_into().unwrap_or_default());
        let mut numbers: Vec<f32> = self.bytes(count * 4).chunks_exact(4).map(number).collect();
        numbers.resize(count, 0.0);
        numbers.into()
    }

    /// Signed bytes, row by row, and then the unit of each column.
    fn matrix(&mut self, rows: usize, columns: usize) -> Array2<f32> {
        let bytes = self.bytes(rows * columns);
        let mut matrix = Array2::zeros((rows, columns));
        matrix.iter_mut().zip(bytes).for_each(|(number, byte)| *number = f32::from(byte.cast_signed()));
        matrix *= &self.floats(columns);
        matrix
    }

    fn dense(&mut self, from: usize, to: usize) -> Dense {
        Dense { weights: self.matrix(from, to), bias: self.floats(to) }
    }

    fn norm(&mut self) -> Norm {
        Norm { scale: self.floats(WIDTH), shift: self.floats(WIDTH) }
    }

    fn layer(&mut self) -> Layer {
        Layer {
            query: self.dense(WIDTH, WIDTH),
            key: self.dense(WIDTH, WIDTH),
            value: self.dense(WIDTH, WIDTH),
            output: self.dense(WIDTH, WIDTH),
            attended: self.norm(),
            widen: self.dense(WIDTH, INNER),
            narrow: self.dense(INNER, WIDTH),
            norm: self.norm(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_used_up() {
        let mut reader = Reader(FILE);
        Encoder::read(&mut reader);
        assert!(reader.0.is_empty() && !FILE.is_empty());
        assert_eq!(include_str!("../weights/vocabulary.txt").lines().count(), PIECES);
    }

    #[test]
    fn the_approximation_of_the_tangent_is_close() {
        for step in -600_i16..600 {
            let x = f32::from(step) / 100.0;
            let exact = 0.5 * x * (1.0 + (0.797_884_6 * (x + 0.044_715 * x * x * x)).tanh());
            assert!((gelu(x) - exact).abs() < 5e-4, "{x}");
        }
    }
}
