//! The arithmetic of the encoder: products of rows of numbers with matrices of signed bytes, and what
//! is done to rows.
//!
//! Each function is compiled several times, for the vector units that processors of today have, and
//! the best that the processor at hand knows is taken (the crate `multiversion`). The loops are
//! written so that the compiler finds the vector instructions by itself.

use multiversion::multiversion;

/// Numbers that are multiplied at once; every row's length is a multiple of it.
const LANES: usize = 32;
/// Rows and columns that are multiplied at once, so that what is loaded is used more than once.
const ROWS: usize = 2;
const COLUMNS: usize = 4;
/// The longest row.
pub(crate) const LONGEST: usize = 1_536;
/// What the largest number of a row becomes: the sum of [`LONGEST`] products with bytes still fits
/// into 32 bits.
const LARGEST: f32 = 8_191.0;

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

/// Rows as whole numbers, each with its own unit; padded with rows of nought to a multiple of
/// [`ROWS`].
pub(crate) struct WholeRows {
    numbers: Vec<i16>,
    units: Vec<f32>,
    width: usize,
}

impl WholeRows {
    pub(crate) fn of(rows: &Rows) -> Self {
        let padded = rows.count().next_multiple_of(ROWS);
        let mut numbers = vec![0; padded * rows.width];
        let mut units = Vec::with_capacity(rows.count());
        for (into, row) in numbers.chunks_exact_mut(rows.width).zip(rows.iter()) {
            units.push(whole(row, into));
        }
        Self { numbers, units, width: rows.width }
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
    pub(crate) fn apply_into(&self, rows: &WholeRows, made: &mut Rows) {
        made.width = self.units.len();
        made.numbers.resize(rows.numbers.len() / rows.width.max(1) * made.width, 0.0);
        multiply(&rows.numbers, rows.width, self.bytes, made.width, &mut made.numbers);
        made.numbers.truncate(rows.units.len() * made.width);
        for (row, unit) in made.iter_mut().zip(&rows.units) {
            scale(row, *unit, &self.units, &self.bias);
        }
    }
}

/// `made[row][column]` is the sum of the products of a row with a row of bytes.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512vl+avx512dq+avx512vnni+avx2+fma",
    "x86_64+avx512f+avx512bw+avx512vl+avx512dq+avx2+fma",
    "x86_64+avx2+fma",
    "aarch64+neon"
))]
#[expect(clippy::cast_precision_loss, reason = "seven digits are enough")]
fn multiply(rows: &[i16], width: usize, bytes: &[u8], columns: usize, made: &mut [f32]) {
    let mut wide = [[[0_i16; LANES]; LONGEST / LANES]; COLUMNS];
    for (block, bytes) in bytes.chunks_exact(COLUMNS * width).enumerate() {
        for (wide, bytes) in wide.iter_mut().zip(bytes.chunks_exact(width)) {
            for (number, byte) in wide.as_flattened_mut().iter_mut().zip(bytes) {
                *number = i16::from(byte.cast_signed());
            }
        }
        let [c0, c1, c2, c3] = &wide;
        for (pair, rows) in rows.chunks_exact(ROWS * width).enumerate() {
            let (first, second) = rows.split_at(width);
            let (first, second) = (first.as_chunks::<LANES>().0, second.as_chunks::<LANES>().0);
            let mut sums = [[[0_i32; LANES / 2]; COLUMNS]; ROWS];
            let [s, t] = &mut sums;
            for (((((a, b), w0), w1), w2), w3) in first.iter().zip(second).zip(c0).zip(c1).zip(c2).zip(c3) {
                let [s0, s1, s2, s3] = s;
                let [t0, t1, t2, t3] = t;
                add_products(a, w0, s0);
                add_products(a, w1, s1);
                add_products(a, w2, s2);
                add_products(a, w3, s3);
                add_products(b, w0, t0);
                add_products(b, w1, t1);
                add_products(b, w2, t2);
                add_products(b, w3, t3);
            }
            for (row, sums) in sums.iter().enumerate() {
                let at = (pair * ROWS + row) * columns + block * COLUMNS;
                for (made, sums) in made.get_mut(at..).unwrap_or_default().iter_mut().zip(sums) {
                    *made = sums.iter().sum::<i32>() as f32;
                }
            }
        }
    }
}

/// Adds the products of two runs of numbers, those of neighbours together; nothing overflows
/// ([`LARGEST`]). How good the vector instructions are that the compiler finds here depends on its
/// passes (`docs/results-detect.md`, Time); measure with `examples/speed.rs`.
#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled for the vector unit of who calls it")]
fn add_products(a: &[i16; LANES], b: &[i16; LANES], sums: &mut [i32; LANES / 2]) {
    let mut products = [0_i32; LANES];
    for ((product, a), b) in products.iter_mut().zip(a).zip(b) {
        *product = i32::from(*a) * i32::from(*b);
    }
    for (sum, [one, other]) in sums.iter_mut().zip(products.as_chunks::<2>().0) {
        *sum += one + other;
    }
}

/// Writes a row as whole numbers and returns their unit.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl+avx512dq+avx2+fma", "x86_64+avx2+fma"))]
#[expect(clippy::cast_possible_truncation, reason = "the lower half of the bits is the number")]
fn whole(row: &[f32], into: &mut [i16]) -> f32 {
    let mut most = [1e-9_f32; 16];
    for some in row.as_chunks::<16>().0 {
        for (most, number) in most.iter_mut().zip(some) {
            *most = most.max(number.abs());
        }
    }
    let most = most.iter().copied().fold(0.0, f32::max);
    let per_unit = LARGEST / most;
    for (into, number) in into.iter_mut().zip(row) {
        *into = (number * per_unit + ROUNDING).to_bits() as i16;
    }
    most / LARGEST
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl+avx512dq+avx2+fma", "x86_64+avx2+fma"))]
fn scale(row: &mut [f32], unit: f32, units: &[f32], bias: &[f32]) {
    for ((number, column), bias) in row.iter_mut().zip(units).zip(bias) {
        *number = *number * (unit * column) + bias;
    }
}

/// The Gaussian error linear unit in its usual approximation
/// (<https://arxiv.org/abs/1606.08415>), the hyperbolic tangent by its continued fraction.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl+avx512dq+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn gelu(numbers: &mut [f32]) {
    for x in numbers {
        let inner = (0.797_884_6 * (*x + 0.044_715 * *x * *x * *x)).clamp(-4.97, 4.97);
        let square = inner * inner;
        let above = inner * (135_135.0 + square * (17_325.0 + square * (378.0 + square)));
        let below = 135_135.0 + square * (62_370.0 + square * (3_150.0 + square * 28.0));
        *x *= 0.5 * (1.0 + above / below);
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
            for (made, row) in made.iter().zip(rows.iter()) {
                for (made, bytes) in made.iter().zip(bytes.chunks_exact(width)) {
                    let product = |(a, b): (&f32, &u8)| f64::from(*a) * f64::from(b.cast_signed());
                    let right = row.iter().zip(bytes).map(product).sum::<f64>() * 0.01 + 0.5;
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
            assert!((made[0] - exact).abs() < 5e-4, "{x}");
        }
    }
}
