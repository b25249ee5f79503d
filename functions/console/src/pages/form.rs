//! What a browser sends with a form.

/// The fields of a form, in the order in which they stand there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a body of type `application/x-www-form-urlencoded`. Browsers end lines with CR LF; we do not.
    pub(super) fn read(body: &[u8]) -> Self {
        let fields = form_urlencoded::parse(body).into_owned();
        Self(fields.map(|(name, value)| (name, value.replace("\r\n", "\n"))).collect())
    }

    /// A field's text; empty where there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    }

    /// A field's text without blanks around it, where it says something.
    pub(super) fn said(&self, name: &str) -> Option<&str> {
        Some(self.get(name).trim()).filter(|text| !text.is_empty())
    }

    /// Every field of a name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether a box was ticked.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.get(name) == "on"
    }

    /// A number; what is none is `None`, so that the settings' own check can say so.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.get(name).trim().parse().ok()
    }

    /// Every field as it was sent, but for those of these names.
    pub(super) fn without<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = (&'a str, &'a str)> {
        let kept = self.0.iter().filter(move |(name, _)| !names.contains(&name.as_str()));
        kept.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether somebody was asked whether they are sure, and is.
    pub(super) fn is_sure(&self) -> bool {
        self.get("sure") == "yes"
    }

    /// The version that the form was made from, or the one that it is to be saved over by hand.
    pub(super) fn seen(&self) -> Option<u64> {
        self.number("over").or_else(|| self.number("seen"))
    }

    /// What makes a form that is sent twice one request.
    pub(super) fn once(&self) -> Option<&str> {
        self.said("once")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_in_order_and_lines_end_as_ours_do() {
        let form = Form::read(b"phrase=one&phrase=two+words&text=a%0D%0Ab&on=on&n=+7+&none=");
        assert_eq!(form.all("phrase").collect::<Vec<_>>(), ["one", "two words"]);
        assert_eq!((form.get("text"), form.get("missing")), ("a\nb", ""));
        assert_eq!((form.is_on("on"), form.is_on("off"), form.number("n")), (true, false, Some(7)));
        assert_eq!((form.said("none"), form.number("text")), (None, None));
    }
}
