//! The weights of what two texts have in common, and the operating points: written by
//! `training/heads.py`.

/// Bias, cosine, sketch, refers back, and the last times the cosine (`issue.rs`).
pub(crate) const ISSUE: [f32; 5] = [-1.9092, 6.4304, -1.9817, 7.1447, -1.9865];
/// Bias, cosine, sketch (`meaning.rs`).
pub(crate) const PHRASE: [f32; 3] = [-1.8199, 6.5963, -3.1953];
/// The evidence for a request at which eager, balanced and strict begin (`lib.rs`).
pub(crate) const REQUEST: [f32; 3] = [-1.6470, 0.2464, 1.7719];
