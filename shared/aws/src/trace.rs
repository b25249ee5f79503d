//! What an invocation or a message goes back to: X-Ray's trace, handed on from message to message, so that
//! everything from a webhook to the last notification can be found together.

use std::future::Future;

tokio::task_local! {
    static CURRENT: Trace;
}

/// A tracing header (docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Such as `1-5759e988-bd862e3fe1be46a994272793`.
    root: String,
    /// The segment that the next one hangs on, 16 hexadecimal digits.
    parent: Option<String>,
    /// Whether X-Ray keeps the trace.
    sampled: bool,
}

impl Trace {
    /// Reads a header. Callers of a webhook can send one, and SQS refuses messages with a wrong one: only
    /// what is in order is taken, and what else a header holds is left out.
    pub fn read(header: &str) -> Option<Self> {
        let field = |name: &str| {
            let mut fields = header.split(';').filter_map(|field| field.trim().split_once('='));
            fields.find(|(known, _)| *known == name).map(|(_, value)| value)
        };
        let root = field("Root").filter(|root| is_root(root))?.to_owned();
        let parent = field("Parent").filter(|parent| is_hex(parent, 16)).map(str::to_owned);
        Some(Self { root, parent, sampled: field("Sampled") == Some("1") })
    }

    /// The id that all of it has in common.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// As a header.
    pub fn header(&self) -> String {
        let parent = self.parent.as_ref().map_or_else(String::new, |parent| format!(";Parent={parent}"));
        format!("Root={}{parent};Sampled={}", self.root, u8::from(self.sampled))
    }

    /// The one that the present work belongs to.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Self::clone).ok()
    }

    /// Does work that belongs to this trace.
    pub async fn around<T>(self, work: impl Future<Output = T>) -> T {
        CURRENT.scope(self, work).await
    }
}

/// A version, the time in seconds, and 96 random bits.
fn is_root(text: &str) -> bool {
    let mut parts = text.split('-');
    let parts = (parts.next(), parts.next(), parts.next(), parts.next());
    matches!(parts, (Some("1"), Some(time), Some(random), None) if is_hex(time, 8) && is_hex(random, 24))
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "1-5759e988-bd862e3fe1be46a994272793";

    #[test]
    fn headers_are_read_and_written() {
        for (header, written) in [
            (
                "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
                ";Parent=53995c3f42cd8ad8;Sampled=1",
            ),
            (
                "Self=1-0-0; Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=a87bd80c:1|68fd508a:5",
                ";Sampled=0",
            ),
            ("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=x;Sampled=?", ";Sampled=0"),
        ] {
            let trace = Trace::read(header).unwrap();
            assert_eq!((trace.root(), trace.header()), (ROOT, format!("Root={ROOT}{written}")), "{header}");
            assert_eq!(Trace::read(&trace.header()), Some(trace), "{header}");
        }
    }

    #[test]
    fn what_is_not_in_order_is_none() {
        for header in [
            "",
            "Root=",
            "Parent=53995c3f42cd8ad8;Sampled=1",
            "Root=2-5759e988-bd862e3fe1be46a994272793",
            "Root=1-5759e988-bd862e3fe1be46a99427279",
            "Root=1-5759e988-bd862e3fe1be46a99427279g",
            "Root=1-5759e988-bd862e3fe1be46a994272793-1",
            "Root=1-5759e988\n-bd862e3fe1be46a994272793",
        ] {
            assert_eq!(Trace::read(header), None, "{header}");
        }
    }

    #[tokio::test]
    async fn work_knows_the_innermost() {
        let outer = Trace::read(&format!("Root={ROOT}")).unwrap();
        let inner = Trace::read("Root=1-00000000-000000000000000000000001").unwrap();
        assert_eq!(Trace::current(), None);
        let seen = outer.clone().around(async {
            let within = inner.clone().around(async { Trace::current() }).await;
            (Trace::current(), within)
        });
        assert_eq!(seen.await, (Some(outer), Some(inner)));
        assert_eq!(Trace::current(), None);
    }
}
