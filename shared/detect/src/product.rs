//! The arithmetic of the encoder: products of rows of numbers with matrices of signed bytes, and what
//! is done to rows.
//!
//! What is done to rows is compiled several times, for the vector units that processors of today have,
//! and the best that the processor at hand knows is taken (the crate `multiversion`). The loops are written so that
//! the compiler finds the vector instructions by itself; the products are in `kernel.rs`.

use multiversion::multiversion;

use crate::kernel::{self, PANEL, blocks, multiply};

/// The longest row.
pub(crate) const LONGEST: usize = 1_536;
/// What the largest number of a row of a length becomes: it fits into 16 bits, and the sum of its products with
/// bytes into 32.
fn largest(length: usize) -> f32 {
    const OF_ALL: usize = 8_191 * LONGEST;
    f32::from(i16::try_from(OF_ALL / length.max(1)).unwrap_or(i16::MAX))
}

/// A matrix of signed bytes, one row for each number that it makes, each row with its own unit.
#[derive(Debug)]
pub(crate) struct Dense {
    pub(crate) bytes: &'static [u8],
    pub(crate) units: Vec<f32>,
    pub(crate) bias: Vec<f32>,
}

/// Rows of one length, one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    pub(crate) numbers: Vec<f32>,
    pub(crate) width: usize,
}

impl Rows {
    pub(crate) fn zeros(count: usize, width: usize) -> Self {
        Self { numbers: vec![0.0; count * width], width }
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.numbers.chunks_exact(self.width)
    }

    pub(crate) fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = &mut [f32]> {
        self.numbers.chunks_exact_mut(self.width)
    }

    pub(crate) fn count(&self) -> usize {
        self.iter().len()
    }

    /// The first `count` rows.
    pub(crate) fn first(&self, count: usize) -> Self {
        Self {
            numbers: self.numbers.get(..count * self.width).unwrap_or_default().to_vec(),
            width: self.width,
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.numbers.iter_mut().zip(&other.numbers).for_each(|(number, more)| *number += more);
    }
}

/// Rows as whole numbers, each with its own unit, in the order of `kernel.rs`.
pub(crate) struct WholeRows {
    pairs: Vec<i32>,
    units: Vec<f32>,
    /// Pairs of a row.
    width: usize,
}

impl WholeRows {
    pub(crate) fn of(rows: &Rows) -> Self {
        let (count, width) = (rows.count(), rows.width / 2);
        let (mut pairs, mut row_pairs) = (vec![0; count * width], vec![0; width]);
        let mut units = Vec::with_capacity(count);
        let (mut all, mut rest) = (rows.iter(), pairs.as_mut_slice());
        for size in blocks(count) {
            let block;
            (block, rest) = rest.split_at_mut_checked(size * width).unwrap_or_default();
            for (at, row) in all.by_ref().take(size).enumerate() {
                units.push(whole(row, &mut row_pairs));
                for (of_pair, pair) in block.chunks_exact_mut(size).zip(&row_pairs) {
                    if let Some(into) = of_pair.get_mut(at) {
                        *into = *pair;
                    }
                }
            }
        }
        Self { pairs, units, width }
    }
}

impl Dense {
    /// The products of the rows with the matrix, and its bias added.
    pub(crate) fn apply(&self, rows: &WholeRows) -> Rows {
        let mut made = Rows { numbers: Vec::new(), width: self.units.len() };
        self.apply_into(rows, &mut made);
        made
    }

    /// The same into rows whose memory is used again.
    #[expect(clippy::cast_precision_loss, reason = "seven digits are enough")]
    pub(crate) fn apply_into(&self, rows: &WholeRows, made: &mut Rows) {
        made.width = self.units.len();
        made.numbers.resize(rows.units.len() * made.width, 0.0);
        let (width, made) = (made.width, made.numbers.as_mut_slice());
        multiply(&rows.pairs, rows.width, self.bytes, |row, panel, sums| {
            let start = panel * PANEL;
            let into = made.get_mut(row * width + start..).unwrap_or_default().iter_mut();
            let units = self.units.get(start..).unwrap_or_default();
            let bias = self.bias.get(start..).unwrap_or_default();
            let of_row = rows.units.get(row).copied().unwrap_or_default();
            for (((into, sum), unit), bias) in into.zip(sums).zip(units).zip(bias) {
                *into = *sum as f32 * (of_row * unit) + bias;
            }
        });
    }
}

/// Writes a row as pairs of whole numbers and returns their unit.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl+avx512dq+avx2+fma", "x86_64+avx2+fma"))]
fn whole(row: &[f32], pairs: &mut [i32]) -> f32 {
    let mut most = [1e-9_f32; 16];
    for some in row.as_chunks::<16>().0 {
        for (most, number) in most.iter_mut().zip(some) {
            *most = most.max(number.abs());
        }
    }
    let most = most.iter().copied().fold(0.0, f32::max);
    let largest = largest(row.len());
    let per_unit = largest / most;
    let (first, second) = row.split_at(row.len() / 2);
    for ((pair, first), second) in pairs.iter_mut().zip(first).zip(second) {
        *pair = kernel::pair(rounded(first * per_unit), rounded(second * per_unit));
    }
    most / largest
}

/// A number of at most sixteen bits, rounded: it stands in the lowest bits of the sum ([`ROUNDING`]).
#[inline(always)]
#[expect(clippy::inline_always, clippy::cast_possible_truncation, reason = "the lower half is the number")]
fn rounded(number: f32) -> i16 {
    (number + ROUNDING).to_bits() as i16
}

/// The Gaussian error linear unit in its usual approximation (<https://arxiv.org/abs/1606.08415>): half of one
/// plus the hyperbolic tangent of a number is the logistic function of twice the number.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl+avx512dq+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn gelu(numbers: &mut [f32]) {
    for x in numbers {
        let twice = 1.595_769 * (*x + 0.044_715 * *x * *x * *x);
        let power = exp(-twice.abs());
        let share = 1.0 / (1.0 + power);
        *x *= if twice < 0.0 { power * share } else { share };
    }
}

/// Brings a row to the mean nought and the variance 1, and then to scale and shift.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl+avx512dq+avx2+fma", "x86_64+avx2+fma"))]
#[expect(clippy::cast_precision_loss, reason = "some hundreds")]
pub(crate) fn normalise(row: &mut [f32], scale: &[f32], shift: &[f32]) {
    let count = row.len() as f32;
    let mean = sum(row, |number| number) / count;
    for number in row.iter_mut() {
        *number -= mean;
    }
    let deviation = (sum(row, |number| number * number) / count + 1e-12).sqrt();
    for ((number, scale), shift) in row.iter_mut().zip(scale).zip(shift) {
        *number = *number / deviation * scale + shift;
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled for the vector unit of who calls it")]
fn sum(row: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let mut sums = [0.0_f32; 16];
    for some in row.as_chunks::<16>().0 {
        for (sum, number) in sums.iter_mut().zip(some) {
            *sum += of(*number);
        }
    }
    sums.iter().sum()
}

/// What attention sees: for each row of the queries, and for each head, the mean of the values, weighed
/// by how well the keys answer.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl+avx512dq+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn attend(queries: &Rows, keys: &Rows, values: &Rows, seen: &mut Rows) {
    if keys.numbers.len() <= keys.width * FEW_ROWS {
        attend_to::<FEW_ROWS>(queries, keys, values, seen);
    } else {
        attend_to::<MOST_ROWS>(queries, keys, values, seen);
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled for the vector unit of who calls it")]
fn attend_to<const N: usize>(queries: &Rows, keys: &Rows, values: &Rows, seen: &mut Rows) {
    let width = queries.width;
    // What stands for no key weighs nothing.
    let mut live = [0.0_f32; N];
    live.iter_mut().zip(keys.iter()).for_each(|(live, _)| *live = 1.0);
    for head in 0..width / HEAD {
        // The keys on their side, so that one number of a query meets all of them at once.
        let mut turned = [[0.0_f32; N]; HEAD];
        for (at, key) in keys.numbers.chunks_exact(width).take(N).enumerate() {
            for (row, number) in turned.iter_mut().zip(part(key, head)) {
                if let Some(cell) = row.get_mut(at) {
                    *cell = *number;
                }
            }
        }
        let asking = queries.numbers.chunks_exact(width);
        for (query, into) in asking.zip(seen.numbers.chunks_exact_mut(width)) {
            let mut weights = [0.0_f32; N];
            for (number, row) in part(query, head).iter().zip(&turned) {
                for (weight, key) in weights.iter_mut().zip(row) {
                    *weight += number * key;
                }
            }
            let most = weights.iter().zip(keys.iter()).fold(f32::MIN, |most, (weight, _)| most.max(*weight));
            for (weight, live) in weights.iter_mut().zip(&live) {
                *weight = live * exp(((*weight - most) * HEAD_SCALE).min(0.0));
            }
            let total: f32 = sum(&weights, |weight| weight);
            let mut mean = [0.0_f32; HEAD];
            for (weight, value) in weights.iter().zip(values.numbers.chunks_exact(width)) {
                for (mean, number) in mean.iter_mut().zip(part(value, head)) {
                    *mean += weight * number;
                }
            }
            for (into, mean) in into.iter_mut().skip(head * HEAD).zip(mean) {
                *into = mean / total.max(f32::MIN_POSITIVE);
            }
        }
    }
}

/// What one head looks at of a row.
#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled for the vector unit of who calls it")]
fn part(row: &[f32], head: usize) -> &[f32; HEAD] {
    row.get(head * HEAD..).and_then(<[f32]>::first_chunk).unwrap_or(&[0.0; HEAD])
}

/// Rows that most texts have.
const FEW_ROWS: usize = 32;
/// Numbers of a row that one head looks at.
pub(crate) const HEAD: usize = 32;
/// One over the root of [`HEAD`].
const HEAD_SCALE: f32 = 0.176_776_7;
/// The most rows that attention takes.
pub(crate) const MOST_ROWS: usize = 64;

/// 1.5 times 2^23: a small number added to it is rounded to a whole one, which its lowest bits then hold
/// in two's complement.
const ROUNDING: f32 = 12_582_912.0;

/// The exponential function of a number that is not above nought, right to six digits: two to the
/// power of the whole part by the exponent's bits, of the rest by a polynomial.
#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled for the vector unit of who calls it")]
fn exp(x: f32) -> f32 {
    let power = (x * std::f32::consts::LOG2_E).max(-126.0);
    let rounded = power + ROUNDING;
    let rest = (power - (rounded - ROUNDING)) * std::f32::consts::LN_2;
    let part = 1.0
        + rest
            * (1.0
                + rest
                    * (0.5 + rest * (1.0 / 6.0 + rest * (1.0 / 24.0 + rest * (1.0 / 120.0 + rest / 720.0)))));
    f32::from_bits(rounded.to_bits().wrapping_add(127) << 23) * part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_plain_arithmetic() {
        for (count, width, columns) in [(1, 384, 384), (5, 384, 1_536), (2, 1_536, 384), (3, 768, 256)] {
            let row = |at: usize| f32::from(u16::try_from(at * 7_919 % 2_003).unwrap()) / 1_000.0 - 1.0;
            let rows = Rows { numbers: (0..count * width).map(row).collect(), width };
            let bytes: Vec<u8> =
                (0..width * columns).map(|at| u8::try_from(at * 104_729 % 251).unwrap()).collect();
            let bytes: &'static [u8] = bytes.leak();
            let dense = Dense { bytes, units: vec![0.01; columns], bias: vec![0.5; columns] };
            let made = dense.apply(&WholeRows::of(&rows));
            // Where the order of `kernel.rs` has the byte of a column for a number.
            let byte = |column: usize, at: usize| {
                let (panel, place) = (column / PANEL * PANEL * width, column % PANEL);
                bytes[panel + (at % (width / 2) * PANEL + place) * 2 + at / (width / 2)].cast_signed()
            };
            for (made, row) in made.iter().zip(rows.iter()) {
                for (column, made) in made.iter().enumerate() {
                    let product =
                        |(at, number): (usize, &f32)| f64::from(*number) * f64::from(byte(column, at));
                    let right = row.iter().enumerate().map(product).sum::<f64>() * 0.01 + 0.5;
                    assert!((f64::from(*made) - right).abs() < 0.02, "{made} {right}");
                }
            }
        }
    }

    #[test]
    fn the_approximations_are_close() {
        for step in -600_i16..=0 {
            let x = f32::from(step) / 10.0;
            assert!((exp(x) - x.exp()).abs() < 2e-6, "{x}");
        }
        for step in -600_i16..600 {
            let x = f32::from(step) / 100.0;
            let mut made = [x];
            gelu(&mut made);
            let exact = 0.5 * x * (1.0 + (0.797_884_6 * (x + 0.044_715 * x * x * x)).tanh());
            assert!((made[0] - exact).abs() < 2e-6, "{x}");
        }
    }
}
