//! Configuration from the environment: every problem is found at once, and no value is shown.

use std::{fmt, str::FromStr};

/// The environment of this process: the one place that reads it. A value that is not Unicode counts
/// as missing.
pub fn process_lookup() -> impl Fn(&str) -> Option<String> + Clone + Send + Sync + 'static {
    #[expect(clippy::disallowed_methods, reason = "the one place where a process reads its environment")]
    |name: &str| std::env::var(name).ok()
}

/// What is wrong with the environment, by the names of its variables. Values are left out, for some
/// are secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingVariables {
    /// Variables that have to be set and are not, or are empty.
    pub missing: Vec<&'static str>,
    /// Variables whose value is not the number that it should be.
    pub unreadable: Vec<&'static str>,
}

impl fmt::Display for MissingVariables {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lists = [("missing", &self.missing), ("not a number in range", &self.unreadable)];
        formatter.write_str("environment variables")?;
        for (index, (problem, names)) in lists.iter().filter(|(_, names)| !names.is_empty()).enumerate() {
            let separator = if index == 0 { " " } else { "; " };
            write!(formatter, "{separator}{problem}: {}", names.join(", "))?;
        }
        Ok(())
    }
}

impl std::error::Error for MissingVariables {}

/// Reads variables and remembers which of them are not as they should be.
pub struct Variables<L> {
    lookup: L,
    problems: MissingVariables,
}

impl<L: Fn(&str) -> Option<String>> Variables<L> {
    /// Reads through `lookup`: [`process_lookup`], or a map in tests and in the local system.
    pub fn new(lookup: L) -> Self {
        Self { lookup, problems: MissingVariables { missing: Vec::new(), unreadable: Vec::new() } }
    }

    /// A variable that has to be there. When it is not, the answer is empty and
    /// [`finish`](Self::finish) names the variable.
    pub fn required(&mut self, name: &'static str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.problems.missing.push(name);
            String::new()
        })
    }

    /// A variable that may be there; an empty one is not.
    pub fn optional(&self, name: &'static str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    /// A number, `default` where the variable is not set. What the type cannot hold is named by
    /// [`finish`](Self::finish).
    pub fn number<N: FromStr>(&mut self, name: &'static str, default: N) -> N {
        match self.optional(name).map(|value| value.parse()) {
            None => default,
            Some(Ok(number)) => number,
            Some(Err(_)) => {
                self.problems.unreadable.push(name);
                default
            }
        }
    }

    /// Ends the reading; what was read may be used when this succeeds.
    pub fn finish(self) -> Result<(), MissingVariables> {
        if self.problems.missing.is_empty() && self.problems.unreadable.is_empty() {
            Ok(())
        } else {
            Err(self.problems)
        }
    }
}

impl<L> fmt::Debug for Variables<L> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Variables").field("problems", &self.problems).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Option<String> {
        let value = match name {
            "TABLE_NAME" => "handover",
            "EMPTY" => "",
            "ATTEMPTS" => "3",
            "BIG" => "4294967296",
            "WORD" => "s3cret-word",
            _ => return None,
        };
        Some(value.to_owned())
    }

    #[test]
    fn everything_wrong_is_named_at_once_and_no_value_is_shown() {
        let mut variables = Variables::new(lookup);
        assert_eq!(variables.required("TABLE_NAME"), "handover");
        assert_eq!(variables.required("QUEUE_URL"), "");
        assert_eq!(variables.required("EMPTY"), "");
        assert_eq!(variables.number("ATTEMPTS", 1_u32), 3);
        assert_eq!(variables.number("BIG", 1_u32), 1);
        assert_eq!(variables.number("WORD", 7_u8), 7);
        assert_eq!(variables.optional("NOT_SET"), None);
        let problems = variables.finish().unwrap_err();
        assert_eq!(
            problems.to_string(),
            "environment variables missing: QUEUE_URL, EMPTY; not a number in range: BIG, WORD"
        );
        assert!(!format!("{problems:?}").contains("s3cret-word"));
    }

    #[test]
    fn nothing_wrong_is_no_error() {
        let mut variables = Variables::new(lookup);
        assert_eq!(variables.number("NOT_SET", 12_u64), 12);
        assert_eq!(variables.required("TABLE_NAME"), "handover");
        assert_eq!(variables.finish(), Ok(()));
    }
}
