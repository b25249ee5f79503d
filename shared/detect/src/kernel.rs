//! Sums of products of whole numbers, which is where the encoder's time goes: rows of numbers against a
//! matrix of signed bytes.
//!
//! Whole numbers add up to the same whatever the order, so every processor gives the same sums to the
//! bit. The vector instructions are chosen at run time (the crate `pulp`, which wraps them safely): those
//! of AVX-512 where the processor has them, else of AVX2, else what the compiler makes of a plain loop.
//!
//! Both sides lie as the instructions want them. A pair is the numbers `at` and `at + width / 2` of a row,
//! since the instructions multiply two numbers each and add the products up. A matrix is cut into panels
//! of [`PANEL`] columns: for each pair the two bytes of each column in turn (`training/export.py` writes it
//! so). Rows are cut into blocks ([`blocks`]): for each pair that of each row in turn. So a pair of a row is
//! spread over a register and meets those of sixteen columns at once, and no sum is ever taken across
//! a register.

/// Columns whose sums are made at once.
pub(crate) const PANEL: usize = 16;
/// The bytes of a panel for one pair.
type Bytes = [u8; 2 * PANEL];
/// The sums of a row for the columns of a panel.
type Sums = [i32; PANEL];

/// The sizes of the blocks that so many rows are cut into: eights, and then what is left in powers of two.
pub(crate) fn blocks(rows: usize) -> impl Iterator<Item = usize> {
    let rest = [4, 2, 1].into_iter().filter(move |size| rows & size != 0);
    std::iter::repeat_n(8, rows / 8).chain(rest)
}

/// Two numbers of sixteen bits as the instructions take them: the first in the lower half.
#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled for the vector unit of who calls it")]
pub(crate) fn pair(first: i16, second: i16) -> i32 {
    i32::from(first.cast_unsigned()) | i32::from(second) << 16
}

/// Calls `take` with a row's number, a panel's number and the sums of the row for the panel's columns, for
/// every row and panel. `pairs` are those of all rows, block after block; `width` is how many a row has.
///
/// The caller sees to it that no sum overflows 32 bits.
pub(crate) fn multiply(pairs: &[i32], width: usize, panels: &[u8], take: impl FnMut(usize, usize, &Sums)) {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(unit) = x86::Avx512Vnni::try_new() {
            return unit.vectorize(Multiply { unit, pairs, width, panels, take });
        }
        if let Some(unit) = x86::Avx512::try_new() {
            return unit.vectorize(Multiply { unit, pairs, width, panels, take });
        }
        if let Some(unit) = x86::Avx2::try_new() {
            return unit.vectorize(Multiply { unit, pairs, width, panels, take });
        }
    }
    pulp::NullaryFnOnce::call(Multiply { unit: Plain, pairs, width, panels, take });
}

/// What multiplies.
trait Unit: Copy {
    /// The sums of a block of rows for a panel.
    fn sums<const ROWS: usize>(self, block: &[[i32; ROWS]], panel: &[Bytes]) -> [Sums; ROWS];
}

struct Multiply<'a, U, T> {
    unit: U,
    pairs: &'a [i32],
    width: usize,
    panels: &'a [u8],
    take: T,
}

impl<U: Unit, T: FnMut(usize, usize, &Sums)> pulp::NullaryFnOnce for Multiply<'_, U, T> {
    type Output = ();

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled for the vector unit of who calls it")]
    fn call(mut self) {
        let panels = self.panels.as_chunks().0.chunks_exact(self.width.max(1));
        for (number, panel) in panels.enumerate() {
            let (mut rest, mut row) = (self.pairs, 0);
            for size in blocks(rest.len() / self.width.max(1)) {
                let block;
                (block, rest) = rest.split_at_checked(size * self.width).unwrap_or_default();
                match size {
                    8 => self.block::<8>(block, row, panel, number),
                    4 => self.block::<4>(block, row, panel, number),
                    2 => self.block::<2>(block, row, panel, number),
                    _ => self.block::<1>(block, row, panel, number),
                }
                row += size;
            }
        }
    }
}

impl<U: Unit, T: FnMut(usize, usize, &Sums)> Multiply<'_, U, T> {
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled for the vector unit of who calls it")]
    fn block<const ROWS: usize>(&mut self, block: &[i32], row: usize, panel: &[Bytes], number: usize) {
        let sums = self.unit.sums::<ROWS>(block.as_chunks().0, panel);
        for (at, sums) in sums.iter().enumerate() {
            (self.take)(row + at, number, sums);
        }
    }
}

/// A plain loop, for any processor.
#[derive(Clone, Copy)]
struct Plain;

impl Unit for Plain {
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled for the vector unit of who calls it")]
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is the pair's first number")]
    fn sums<const ROWS: usize>(self, block: &[[i32; ROWS]], panel: &[Bytes]) -> [Sums; ROWS] {
        let mut sums = [[0; PANEL]; ROWS];
        // The registers of most processors hold the sums of four rows.
        for start in (0..ROWS).step_by(4) {
            let mut some = [[0; PANEL]; 4];
            for (pairs, bytes) in block.iter().zip(panel) {
                for (sums, pair) in some.iter_mut().zip(pairs.get(start..).unwrap_or_default()) {
                    let (first, second) = (i32::from(*pair as i16), pair >> 16);
                    for (sum, [one, other]) in sums.iter_mut().zip(bytes.as_chunks().0) {
                        *sum +=
                            first * i32::from(one.cast_signed()) + second * i32::from(other.cast_signed());
                    }
                }
            }
            for (sums, some) in sums.iter_mut().skip(start).zip(some) {
                *sums = some;
            }
        }
        sums
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use pulp::{cast, simd_type};

    use super::{Bytes, PANEL, Sums, Unit};

    simd_type! {
        /// 512 bits, with the instruction that multiplies pairs and adds to a sum: the compiler joins the
        /// two instructions below to it.
        pub(super) struct Avx512Vnni {
            avx2: "avx2",
            avx512f: "avx512f",
            avx512bw: "avx512bw",
            avx512vnni: "avx512vnni",
        }

        pub(super) struct Avx512 {
            avx2: "avx2",
            avx512f: "avx512f",
            avx512bw: "avx512bw",
        }

        pub(super) struct Avx2 {
            avx: "avx",
            avx2: "avx2",
        }
    }

    macro_rules! avx512 {
        ($unit:ty) => {
            impl Unit for $unit {
                #[inline(always)]
                fn sums<const ROWS: usize>(self, block: &[[i32; ROWS]], panel: &[Bytes]) -> [Sums; ROWS] {
                    let mut sums = [self.avx512f._mm512_setzero_si512(); ROWS];
                    for (pairs, bytes) in block.iter().zip(panel) {
                        let bytes = self.avx512bw._mm512_cvtepi8_epi16(cast(*bytes));
                        for (sum, pair) in sums.iter_mut().zip(pairs) {
                            let pair = self.avx512f._mm512_set1_epi32(*pair);
                            let products = self.avx512bw._mm512_madd_epi16(pair, bytes);
                            *sum = self.avx512f._mm512_add_epi32(*sum, products);
                        }
                    }
                    sums.map(cast)
                }
            }
        };
    }

    avx512!(Avx512Vnni);
    avx512!(Avx512);

    impl Unit for Avx2 {
        #[inline(always)]
        #[expect(clippy::inline_always, reason = "compiled for the vector unit of who calls it")]
        fn sums<const ROWS: usize>(self, block: &[[i32; ROWS]], panel: &[Bytes]) -> [Sums; ROWS] {
            let mut sums = [[0; PANEL]; ROWS];
            // Sixteen registers hold the sums of four rows.
            for start in (0..ROWS).step_by(4) {
                let mut some = [[self.avx._mm256_setzero_si256(); 2]; 4];
                for (pairs, bytes) in block.iter().zip(panel) {
                    let [first, second]: [[u8; 16]; 2] = cast(*bytes);
                    let first = self.avx2._mm256_cvtepi8_epi16(cast(first));
                    let second = self.avx2._mm256_cvtepi8_epi16(cast(second));
                    for ([one, other], pair) in some.iter_mut().zip(pairs.get(start..).unwrap_or_default()) {
                        let pair = self.avx._mm256_set1_epi32(*pair);
                        *one = self.avx2._mm256_add_epi32(*one, self.avx2._mm256_madd_epi16(pair, first));
                        *other =
                            self.avx2._mm256_add_epi32(*other, self.avx2._mm256_madd_epi16(pair, second));
                    }
                }
                for (sums, some) in sums.iter_mut().skip(start).zip(some) {
                    *sums = cast(some);
                }
            }
            sums
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: usize = 3 * PANEL;

    fn all_sums(unit: impl Unit, rows: usize, width: usize) -> Vec<(usize, usize, Sums)> {
        let number = |at: usize| i16::try_from(at * 7_919 % 16_383).unwrap() - 8_191;
        let pairs: Vec<_> = (0..rows * width).map(|at| pair(number(at), number(at + 5))).collect();
        let panels: Vec<_> =
            (0..2 * width * COLUMNS).map(|at| u8::try_from(at * 104_729 % 256).unwrap()).collect();
        let mut found = Vec::new();
        let take = |row, panel, sums: &Sums| found.push((row, panel, *sums));
        pulp::NullaryFnOnce::call(Multiply { unit, pairs: &pairs, width, panels: &panels, take });
        found
    }

    #[test]
    fn every_row_is_in_a_block() {
        for rows in 0..=70 {
            assert_eq!(blocks(rows).sum::<usize>(), rows);
        }
    }

    #[test]
    fn pairs_are_two_numbers() {
        assert_eq!(pair(-1, 1), 0x1_ffff);
        assert_eq!(pair(8_191, -8_191) >> 16, -8_191);
    }

    #[test]
    fn a_plain_loop_adds_up() {
        let found = all_sums(Plain, 11, 6);
        assert_eq!(found.len(), 11 * 3);
        let number = |at: usize| i32::try_from(at * 7_919 % 16_383).unwrap() - 8_191;
        let byte = |at: usize| i32::from(u8::try_from(at * 104_729 % 256).unwrap().cast_signed());
        // The third row of the first block, the fifth column of the second panel.
        let sum: i32 = (0..6)
            .map(|at| {
                let (of_row, of_column) = (at * 8 + 2, (6 + at) * 2 * PANEL + 2 * 4);
                number(of_row) * byte(of_column) + number(of_row + 5) * byte(of_column + 1)
            })
            .sum();
        assert!(found.iter().any(|(row, panel, sums)| (*row, *panel) == (2, 1) && sums[4] == sum));
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn every_processor_gives_the_same() {
        for (rows, width) in [(1, 192), (2, 64), (7, 192), (25, 192), (64, 768)] {
            let plain = all_sums(Plain, rows, width);
            if let Some(unit) = x86::Avx2::try_new() {
                assert!(all_sums(unit, rows, width) == plain, "AVX2, {rows} rows");
            }
            if let Some(unit) = x86::Avx512::try_new() {
                assert!(all_sums(unit, rows, width) == plain, "AVX-512, {rows} rows");
            }
            if let Some(unit) = x86::Avx512Vnni::try_new() {
                assert!(all_sums(unit, rows, width) == plain, "AVX-512 VNNI, {rows} rows");
            }
        }
    }
}
