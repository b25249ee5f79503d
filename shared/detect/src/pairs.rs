//! The weights of what two texts have in common, and the operating points: written by
//! `training/heads.py`.

/// Bias, cosine, and how surely it refers back times how far it is (`issue.rs`).
pub(crate) const ISSUE: [f32; 3] = [-2.9900, 7.4829, 9.9773];
/// Bias, the closest cosine, the mean of the closest, letters in common (`meaning.rs`).
pub(crate) const PHRASE: [f32; 4] = [-0.8801, 2.6418, 4.7921, -5.9306];
/// The evidence for a request at which eager, balanced and strict begin (`lib.rs`).
pub(crate) const REQUEST: [f32; 3] = [-2.4195, -0.0235, 1.4159];
/// What is added to that evidence in other languages than English.
pub(crate) const REQUEST_ELSEWHERE: f32 = -0.1418;
