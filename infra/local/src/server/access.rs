//! Who may see the pages and AWS: programs and people on this machine, and no web page that a browser on
//! this machine has open.

use std::net::IpAddr;

use axum::http::{
    HeaderMap,
    header::{HOST, ORIGIN},
    uri::Authority,
};

/// What the `Host` header may name. A host name other than localhost never will do: a stranger's name can
/// be made to point to this machine, and a browser then takes the stranger's page for ours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    /// Any address, not only loopback ones: the port is open to other machines on purpose.
    pub(crate) addresses: bool,
}

impl Access {
    /// Checks which host the request believes to talk to.
    ///
    /// # Errors
    /// What to do instead.
    pub(crate) fn check_host(self, headers: &HeaderMap) -> Result<(), String> {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let authority: Option<Authority> = host.parse().ok();
        let name = authority.as_ref().map_or("", Authority::host);
        let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
        let known = match bare.parse::<IpAddr>() {
            Ok(address) => address.is_loopback() || self.addresses,
            Err(_) => name.eq_ignore_ascii_case("localhost"),
        };
        if known {
            Ok(())
        } else {
            Err(format!("the Host header names {host:?}: use 127.0.0.1 or localhost in the address"))
        }
    }

    /// Checks host and origin: a page of another origin may not ask.
    ///
    /// # Errors
    /// What to do instead.
    pub(crate) fn check_page(self, headers: &HeaderMap) -> Result<(), String> {
        self.check_host(headers)?;
        let Some(origin) = headers.get(ORIGIN) else { return Ok(()) };
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let own = origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://"));
        if own.is_some_and(|origin| origin.eq_ignore_ascii_case(host)) {
            Ok(())
        } else {
            Err("pages of other origins may not ask: open the address itself, or use curl".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(host: &str, origin: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().unwrap());
        }
        headers
    }

    #[test]
    fn loopback_names_are_let_in_and_strangers_are_not() {
        let local = Access { addresses: false };
        let open = Access { addresses: true };
        for host in ["localhost", "LOCALHOST:8787", "127.0.0.1:8787", "127.9.9.9", "[::1]:8787"] {
            assert!(local.check_host(&headers(host, None)).is_ok(), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example:8787", "10.0.0.7:8787", "", "127.0.0.1.nip.io"] {
            assert!(local.check_host(&headers(host, None)).is_err(), "{host}");
        }
        assert!(open.check_host(&headers("10.0.0.7:8787", None)).is_ok());
        assert!(open.check_host(&headers("evil.example", None)).is_err());
        assert!(local.check_host(&HeaderMap::new()).is_err());
    }

    #[test]
    fn the_origin_is_absent_or_the_same() {
        let local = Access { addresses: false };
        let check = |origin| local.check_page(&headers("127.0.0.1:8787", Some(origin)));
        assert!(check("http://127.0.0.1:8787").is_ok());
        for origin in [
            "null",
            "http://localhost:8787",
            "https://127.0.0.1:8787",
            "http://127.0.0.1",
            "http://evil.example",
        ] {
            assert!(check(origin).is_err(), "{origin}");
        }
    }
}
