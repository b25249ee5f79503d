//! The weights of what two texts have in common (`alike` in `issue.rs`): written by
//! `training/heads.py`.

pub(crate) const ISSUE: [f32; 6] = [-3.3600, 13.3074, -8.5341, -2.9968, 4.8000, -2.4986];
pub(crate) const PHRASE: [f32; 6] = [-4.5075, 14.5184, -9.3541, -1.9581, 2.2223, -0.2578];
