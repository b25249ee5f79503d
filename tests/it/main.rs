//! Whole-system tests: the shipped functions, called through their Lambda events, over the
//! in-process cloud.

mod stories;
