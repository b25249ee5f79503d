//! Whether two messages are about the same unresolved issue.

/// Whether a message is about the same issue as the present one, by their fingerprints
/// ([`handover_core::Signals::fingerprint`]); `None` when either has none, which means: unknown, and
/// nothing is counted. Equal fingerprints are the same issue. As long as [`crate::signals`] makes no
/// fingerprints the answer is always `None`.
pub fn same_issue(present: Option<&str>, new: Option<&str>) -> Option<bool> {
    Some(present? == new?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_unless_both_are_known() {
        assert_eq!(same_issue(None, None), None);
        assert_eq!(same_issue(Some("a"), None), None);
        assert_eq!(same_issue(None, Some("a")), None);
        assert_eq!(same_issue(Some("a"), Some("a")), Some(true));
        assert_eq!(same_issue(Some("a"), Some("b")), Some(false));
    }
}
