//! The encoder: a small transformer that reads a text as a whole.
//!
//! A MiniLM (weights/NOTICE.md) taught further on this project's messages: `training/README.md`. The
//! weights are signed bytes and stay where the program's file is mapped; only units and biases are
//! read into memory.

use std::sync::LazyLock;

use crate::{
    product::{Dense, LONGEST, MOST_ROWS, Rows, WholeRows, attend, gelu, normalise},
    wordpiece::{self, pieces},
};

/// Numbers that stand for a piece between the layers.
const WIDTH: usize = 384;
/// Numbers that a layer widens to in between.
const INNER: usize = LONGEST;
/// Layers: as many as the file has.
const LAYERS: usize = 6;
/// Numbers of the vectors that stand for what a text is about and for what it means.
pub(crate) const VECTOR: usize = 128;

static FILE: &[u8] = include_bytes!("../weights/encoder.bin");
static ENCODER: LazyLock<Encoder> = LazyLock::new(|| Encoder::read(&mut Reader(FILE)));

/// What the encoder says of a text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Encoded {
    /// The evidence for each answer.
    pub(crate) evidence: Evidence,
    /// What the text is about: texts about the same issue point the same way. Of length 1.
    pub(crate) issue: Vec<f32>,
    /// What the text means: texts that mean the same point the same way. Of length 1.
    pub(crate) meaning: Vec<f32>,
    /// What all of these are made of: the mean of what stands for the pieces after the last layer, and the
    /// first of them.
    pub(crate) pooled: Vec<f32>,
}

/// The logarithms of odds, as the encoder alone sees them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Evidence {
    /// The client asks for a human.
    pub(crate) request: f32,
    /// The client says that the answer did not help.
    pub(crate) unhelpful: f32,
    /// The client says that the matter is settled.
    pub(crate) resolved: f32,
    /// The bot's reply is no answer.
    pub(crate) non_answer: f32,
    /// The bot's reply promises a person.
    pub(crate) promise: f32,
    /// The message goes on about what was said before, without saying what.
    pub(crate) again: f32,
}

/// Numbers in [`Evidence`], in the order of its fields.
const ANSWERS: usize = 6;

impl Evidence {
    pub(crate) fn as_array(&self) -> [f32; ANSWERS] {
        let Self { request, unhelpful, resolved, non_answer, promise, again } = *self;
        [request, unhelpful, resolved, non_answer, promise, again]
    }
}

/// Reads a text.
pub(crate) fn encode(text: &str) -> Encoded {
    ENCODER.encode(&pieces(text))
}

/// The size of the encoder's and the vocabulary's files, in bytes.
pub(crate) const BYTES: usize = FILE.len() + wordpiece::BYTES;

struct Encoder {
    /// Signed bytes, a row for each piece, with the row's unit.
    pieces: (&'static [u8], Vec<f32>),
    places: Rows,
    norm: Norm,
    layers: Vec<Layer>,
    issue: Dense,
    meaning: Dense,
    answers: Rows,
    answers_bias: Vec<f32>,
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

struct Norm {
    scale: Vec<f32>,
    shift: Vec<f32>,
}

impl Encoder {
    fn read(reader: &mut Reader) -> Self {
        let bytes = reader.bytes(wordpiece::count() * WIDTH);
        Self {
            pieces: (bytes, reader.floats(wordpiece::count())),
            places: reader.rows(MOST_ROWS, WIDTH),
            norm: reader.norm(),
            layers: (0..LAYERS).map(|_| reader.layer()).collect(),
            issue: reader.dense(2 * WIDTH, VECTOR),
            meaning: reader.dense(2 * WIDTH, VECTOR),
            answers: reader.rows(ANSWERS, 2 * WIDTH),
            answers_bias: reader.floats(ANSWERS),
        }
    }

    fn encode(&self, pieces: &[u16]) -> Encoded {
        let mut rows = self.places.first(pieces.len().min(MOST_ROWS));
        let (bytes, units) = &self.pieces;
        for (row, piece) in rows.iter_mut().zip(pieces) {
            let piece = usize::from(*piece);
            let unit = units.get(piece).copied().unwrap_or_default();
            let bytes = bytes.get(piece * WIDTH..(piece + 1) * WIDTH).unwrap_or_default();
            for (number, byte) in row.iter_mut().zip(bytes) {
                *number += unit * f32::from(byte.cast_signed());
            }
        }
        self.norm.apply(&mut rows);
        let mut inner = Rows::zeros(rows.count(), INNER);
        for layer in &self.layers {
            rows = layer.apply(&rows, &mut inner);
        }
        // The mean of all pieces, and the first of them.
        let mut pooled = Rows { numbers: mean(&rows), width: 2 * WIDTH };
        pooled.numbers.extend(rows.first(1).numbers);
        let whole = WholeRows::of(&pooled);
        let answer = |(row, bias): (&[f32], &f32)| {
            row.iter().zip(&pooled.numbers).map(|(weight, number)| weight * number).sum::<f32>() + bias
        };
        let mut answers = self.answers.iter().zip(&self.answers_bias).map(answer);
        let mut next = || answers.next().unwrap_or_default();
        let evidence = Evidence {
            request: next(),
            unhelpful: next(),
            resolved: next(),
            non_answer: next(),
            promise: next(),
            again: next(),
        };
        Encoded {
            evidence,
            issue: unit(self.issue.apply(&whole).numbers),
            meaning: unit(self.meaning.apply(&whole).numbers),
            pooled: pooled.numbers,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "64 rows at most")]
fn mean(rows: &Rows) -> Vec<f32> {
    let mut mean = vec![0.0; rows.width];
    for row in rows.iter() {
        mean.iter_mut().zip(row).for_each(|(mean, number)| *mean += number);
    }
    let count = rows.count().max(1) as f32;
    for mean in &mut mean {
        *mean /= count;
    }
    mean
}

fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt().max(1e-9);
    for number in &mut vector {
        *number /= length;
    }
    vector
}

impl Layer {
    /// What the layer makes of the rows, each of which looks at all. `inner` is memory to work in.
    fn apply(&self, rows: &Rows, inner: &mut Rows) -> Rows {
        let whole = WholeRows::of(rows);
        let (query, key, value) =
            (self.query.apply(&whole), self.key.apply(&whole), self.value.apply(&whole));
        let mut seen = Rows::zeros(rows.count(), WIDTH);
        attend(&query, &key, &value, &mut seen);
        let mut attended = self.output.apply(&WholeRows::of(&seen));
        attended.add(rows);
        self.attended.apply(&mut attended);
        self.widen.apply_into(&WholeRows::of(&attended), inner);
        gelu(&mut inner.numbers);
        let mut made = self.narrow.apply(&WholeRows::of(inner));
        made.add(&attended);
        self.norm.apply(&mut made);
        made
    }
}

impl Norm {
    fn apply(&self, rows: &mut Rows) {
        rows.iter_mut().for_each(|row| normalise(row, &self.scale, &self.shift));
    }
}

/// Takes the parts of a file in their order: `training/export.py` writes them. What is missing of a
/// file is nought; a test proves that the file in use is used up.
struct Reader(&'static [u8]);

impl Reader {
    fn bytes(&mut self, count: usize) -> &'static [u8] {
        let (taken, rest) = self.0.split_at_checked(count).unwrap_or_default();
        self.0 = rest;
        taken
    }

    fn floats(&mut self, count: usize) -> Vec<f32> {
        let (numbers, _) = self.bytes(count * 4).as_chunks::<4>();
        let mut numbers: Vec<_> = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        numbers.resize(count, 0.0);
        numbers
    }

    fn rows(&mut self, count: usize, width: usize) -> Rows {
        Rows { numbers: self.floats(count * width), width }
    }

    fn dense(&mut self, from: usize, to: usize) -> Dense {
        Dense { bytes: self.bytes(from * to), units: self.floats(to), bias: self.floats(to) }
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
    }
}
