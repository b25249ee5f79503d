//! The weights of what two texts have in common, and the operating points: written by
//! `training/heads.py`.

/// Bias, cosine, and how surely it refers back times how far it is (`issue.rs`).
pub(crate) const ISSUE: [f32; 3] = [-2.6570, 7.0013, 8.6707];
/// Bias, the closest cosine, the mean of the closest, letters in common (`meaning.rs`).
pub(crate) const PHRASE: [f32; 4] = [-0.2884, 2.6650, 3.5986, -5.5006];
/// The evidence for a request at which eager, balanced and strict begin (`lib.rs`).
pub(crate) const REQUEST: [f32; 3] = [-2.3896, 0.3276, 1.3276];
/// What is added to that evidence in other languages than English.
pub(crate) const REQUEST_ELSEWHERE: f32 = 0.7348;
