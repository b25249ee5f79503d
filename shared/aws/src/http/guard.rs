//! Keeps requests to addresses that a business configured away from this account's own network.
//!
//! A name is resolved once; addresses that are not public are dropped, and the connection goes to one of
//! the rest. A name that changes its address between a check and the connection (DNS rebinding) gains
//! nothing, because there is no second resolution.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use aws_smithy_runtime_api::client::{
    dns::{DnsFuture, ResolveDns, ResolveDnsError},
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector},
    orchestrator::HttpRequest,
    result::ConnectorError,
};
use http::{Uri, uri::Scheme};

/// Why an address is not one that requests are sent to. The address itself is left out, for it may
/// hold a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlRefused {
    /// It is not an absolute URL.
    #[error("not a URL")]
    NotAUrl,
    /// Its scheme is not https.
    #[error("only https is possible")]
    NotHttps,
    /// A user name or password stands in it.
    #[error("a user name or password in a URL is not possible")]
    UserInfo,
    /// Its port is 0 or not a number up to 65,535.
    #[error("not a port")]
    Port,
    /// Its host is not a public host name: one label, unusual characters, `localhost`, `.local`,
    /// `.internal`, or a number in an unusual spelling.
    #[error("not a public host name")]
    Host,
    /// Its host is, or resolves to, an address that is not on the public internet.
    #[error("not a public address")]
    Address,
}

/// Checks a URL that somebody configured. With `allow_loopback` (the local system alone) this machine is
/// reachable too, over plain http as well. The Lambda Runtime API and the metadata services stand on
/// loopback and link-local addresses and so are refused like them.
pub fn check_url(url: &str, allow_loopback: bool) -> Result<Uri, UrlRefused> {
    let uri: Uri = url.parse().map_err(|_| UrlRefused::NotAUrl)?;
    check(&uri, allow_loopback)?;
    Ok(uri)
}

fn check(uri: &Uri, allow_loopback: bool) -> Result<(), UrlRefused> {
    let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
        return Err(UrlRefused::NotAUrl);
    };
    if authority.as_str().contains('@') {
        return Err(UrlRefused::UserInfo);
    }
    let host = authority.host();
    let port = authority.as_str().get(host.len()..).unwrap_or_default();
    if !port.is_empty() && authority.port_u16().is_none_or(|port| port == 0) {
        return Err(UrlRefused::Port);
    }
    let loopback = check_host(host, allow_loopback)?;
    if *scheme == Scheme::HTTPS || (*scheme == Scheme::HTTP && loopback) {
        Ok(())
    } else {
        Err(UrlRefused::NotHttps)
    }
}

/// Checks a host and says whether it is this machine.
fn check_host(host: &str, allow_loopback: bool) -> Result<bool, UrlRefused> {
    let literal = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) => Some(IpAddr::V6(inner.parse().map_err(|_| UrlRefused::Host)?)),
        None => host.parse().ok().map(IpAddr::V4),
    };
    if let Some(address) = literal {
        let loopback = embedded(address).is_loopback();
        return if is_public(address) || (allow_loopback && loopback) {
            Ok(loopback)
        } else {
            Err(UrlRefused::Address)
        };
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let labels: Vec<&str> = name.split('.').collect();
    let top = labels.last().copied().unwrap_or_default();
    if top == "localhost" {
        return if allow_loopback { Ok(true) } else { Err(UrlRefused::Host) };
    }
    let regular = |label: &&str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    // Resolvers read "127.1", "0x7f000001" and "2130706433" as addresses. No top-level domain
    // begins with a digit, so nothing else is lost.
    let number = top.starts_with(|first: char| first.is_ascii_digit());
    if labels.len() < 2 || number || !labels.iter().all(regular) || ["local", "internal"].contains(&top) {
        return Err(UrlRefused::Host);
    }
    Ok(false)
}

/// Whether an address is on the public internet, by IANA's registries of special-purpose addresses.
fn is_public(address: IpAddr) -> bool {
    match embedded(address) {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// The IPv4 address inside an IPv4-mapped (`::ffff:0:0/96`, RFC 4291) or NAT64 (`64:ff9b::/96`, RFC
/// 6052) address, for both lead to it.
fn embedded(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            IpAddr::V4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        }
        _ => address,
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        [0 | 10 | 127, ..]                  // this network, private, loopback
        | [192, 168, ..]                    // private
        | [169, 254, ..]                    // link-local: metadata, Lambda Runtime API
        | [192, 0, 0 | 2, _]                // protocol assignments, documentation
        | [192, 88, 99, _]                  // 6to4 relays
        | [198, 18 | 19, ..]                // benchmarks
        | [198, 51, 100, _]
        | [203, 0, 113, _] => true,         // documentation
        [172, second, ..] => (16..32).contains(&second), // private
        [100, second, ..] => (64..128).contains(&second), // carriers' NAT
        [first, ..] => first >= 224,        // multicast, reserved, broadcast
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        [0x2001, second, ..] => second >= 0x200 && second != 0x0db8, // Teredo and others; documentation
        [0x2002, ..] => false,                                       // 6to4
        [0x3fff, second, ..] => second >= 0x1000,                    // documentation
        // Of the rest, only 2000::/3 is global unicast; this leaves out loopback, IPv4-compatible,
        // unique local, link-local, multicast and local NAT64 addresses.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

/// The resolver of this machine.
#[derive(Clone, Debug)]
pub(super) struct ThisMachine;

impl ResolveDns for ThisMachine {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            let found = tokio::net::lookup_host((name, 0)).await.map_err(ResolveDnsError::new)?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// What a resolver finds, without the addresses that are not public.
#[derive(Clone, Debug)]
pub(super) struct PublicAddresses<R> {
    pub(super) resolver: R,
    pub(super) allow_loopback: bool,
}

impl<R> PublicAddresses<R> {
    fn keep(&self, mut addresses: Vec<IpAddr>) -> Result<Vec<IpAddr>, ResolveDnsError> {
        addresses.retain(|address| {
            is_public(*address) || (self.allow_loopback && embedded(*address).is_loopback())
        });
        if addresses.is_empty() { Err(ResolveDnsError::new(UrlRefused::Address)) } else { Ok(addresses) }
    }
}

impl<R: ResolveDns> ResolveDns for PublicAddresses<R> {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move { self.keep(self.resolver.resolve_dns(name).await?) })
    }
}

/// Checks every request's URL before it is connected: a literal address never reaches the resolver.
#[derive(Debug)]
pub(super) struct Guarded {
    pub(super) inner: SharedHttpConnector,
    pub(super) allow_loopback: bool,
}

impl HttpConnector for Guarded {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match check_url(request.uri(), self.allow_loopback) {
            Ok(_) => self.inner.call(request),
            Err(refused) => HttpConnectorFuture::ready(Err(ConnectorError::user(refused.into()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_the_public_internet_pass() {
        for url in [
            "https://example.com",
            "https://example.com./hook?x=1#part",
            "https://EXAMPLE.com:8443/a",
            "HTTPS://example.com/",
            "https://xn--mnchen-3ya.example",
            "https://8.8.8.8/",
            "https://172.15.0.1",
            "https://100.63.255.255",
            "https://[2606:4700::1111]:1",
            "https://[::ffff:8.8.8.8]",
            "https://[64:ff9b::808:808]",
            "https://1-2.example.co1",
        ] {
            assert!(check_url(url, false).is_ok(), "{url}");
        }
    }

    #[test]
    fn other_urls_are_refused_with_the_reason() {
        use UrlRefused::{Address, Host, NotAUrl, NotHttps, Port, UserInfo};
        let table: &[(UrlRefused, &[&str])] = &[
            (
                NotAUrl,
                &[
                    "",
                    "/path",
                    "example.com",
                    "https://",
                    "https:///x",
                    "https://a b.example",
                    "mailto:a@b.example",
                    "https://a%2e.example",
                ],
            ),
            (NotHttps, &["http://example.com", "ftp://example.com", "ws://example.com"]),
            (
                UserInfo,
                &[
                    "https://user@example.com",
                    "https://user:pass@example.com",
                    "https://example.com@10.0.0.1",
                ],
            ),
            (Port, &["https://example.com:0", "https://example.com:65536", "https://8.8.8.8:"]),
            (
                Host,
                &[
                    "https://localhost",
                    "https://LOCALHOST.",
                    "https://a.localhost",
                    "https://printer.local",
                    "https://metadata.google.internal",
                    "https://intranet",
                    "https://a_b.example",
                    "https://a..example",
                    "https://127.1",
                    "https://2130706433",
                    "https://0x7f000001",
                    "https://0x7f.0.0.1",
                    "https://0177.0.0.1",
                    "https://10.0.0.1.",
                    "https://1.2.3.4.5",
                    "https://256.1.1.1",
                    "https://127.0.0.0x1",
                    "https://[fe80::1%25eth0]",
                ],
            ),
            (
                Address,
                &[
                    "https://0.0.0.0",
                    "https://10.1.2.3",
                    "https://100.64.0.1",
                    "https://100.127.255.255",
                    "https://127.0.0.1:9001",
                    "https://169.254.169.254",
                    "https://169.254.100.1:9001",
                    "https://172.16.0.1",
                    "https://172.31.255.255",
                    "https://192.0.0.1",
                    "https://192.0.2.1",
                    "https://192.88.99.1",
                    "https://192.168.0.1",
                    "https://198.18.0.1",
                    "https://198.19.0.1",
                    "https://198.51.100.1",
                    "https://203.0.113.1",
                    "https://224.0.0.1",
                    "https://240.0.0.1",
                    "https://255.255.255.255",
                    "https://[::]",
                    "https://[::1]",
                    "https://[::7f00:1]",
                    "https://[::8.8.8.8]",
                    "https://[::ffff:127.0.0.1]",
                    "https://[::ffff:a9fe:a9fe]",
                    "https://[64:ff9b::10.0.0.1]",
                    "https://[64:ff9b:1::8.8.8.8]",
                    "https://[100::1]",
                    "https://[2001::1]",
                    "https://[2001:db8::1]",
                    "https://[2002:808:808::1]",
                    "https://[3fff::1]",
                    "https://[5f00::1]",
                    "https://[fc00::1]",
                    "https://[fd00:ec2::254]",
                    "https://[fe80::1]",
                    "https://[fec0::1]",
                    "https://[ff02::1]",
                ],
            ),
        ];
        for (reason, urls) in table {
            for url in *urls {
                assert_eq!(check_url(url, false), Err(*reason), "{url}");
            }
        }
    }

    #[test]
    fn the_local_system_reaches_this_machine_and_nothing_else_inside() {
        for url in
            ["http://127.0.0.1:8787/x", "http://localhost:1", "https://[::1]", "http://[::ffff:127.0.0.1]"]
        {
            assert!(check_url(url, true).is_ok(), "{url}");
        }
        assert_eq!(check_url("http://example.com", true), Err(UrlRefused::NotHttps));
        assert_eq!(check_url("http://169.254.169.254", true), Err(UrlRefused::Address));
        assert_eq!(check_url("https://10.0.0.1", true), Err(UrlRefused::Address));
    }

    #[test]
    fn a_connection_goes_to_the_public_addresses_of_a_name_alone() {
        let [private, public, loopback] =
            ["10.0.0.1", "8.8.8.8", "127.0.0.1"].map(|text| text.parse().unwrap());
        let guard = |allow_loopback| PublicAddresses { resolver: ThisMachine, allow_loopback };
        let found = vec![private, public, loopback];
        assert_eq!(guard(false).keep(found.clone()).unwrap(), [public]);
        assert_eq!(guard(true).keep(found).unwrap(), [public, loopback]);
        assert!(guard(false).keep(vec![private, loopback]).is_err());
    }

    #[tokio::test]
    async fn names_of_this_machine_do_not_resolve() {
        let guard = |allow_loopback| PublicAddresses { resolver: ThisMachine, allow_loopback };
        assert!(guard(false).resolve_dns("localhost").await.is_err());
        // What a resolver makes of an odd spelling is judged by the address.
        assert!(guard(false).resolve_dns("127.1").await.is_err());
        let found = guard(true).resolve_dns("localhost").await.unwrap();
        assert!(!found.is_empty() && found.iter().all(IpAddr::is_loopback));
    }
}
