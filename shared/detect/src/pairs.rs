//! The weights of what two texts have in common, and the operating points: written by
//! `training/heads.py`.

/// Bias, cosine, sketch, refers back, and the last times the cosine (`issue.rs`).
pub(crate) const ISSUE: [f32; 5] = [-2.2594, 6.4782, -1.3171, 5.7056, -6.3980];
/// Bias, the closest cosine, the mean of the closest, letters in common (`meaning.rs`).
pub(crate) const PHRASE: [f32; 4] = [-1.7872, 3.2037, 3.7502, -3.2750];
/// The evidence for a request at which eager, balanced and strict begin (`lib.rs`).
pub(crate) const REQUEST: [f32; 3] = [-2.3322, -0.3882, 1.3272];
