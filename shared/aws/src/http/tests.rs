use std::{
    io::{Read, Write},
    net::{IpAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
};

use aws_smithy_runtime_api::client::{
    dns::{DnsFuture, ResolveDnsError},
    http::HttpConnectorFuture,
};

use super::*;

const LONG: Duration = Duration::from_secs(10);
const NOT_CONNECTED: SendError = SendError::NotSent("no connection");

/// A peer on a free port that answers its connections one after the other: it reads a request, writes
/// the given bytes, and closes. It returns the requests that it read.
fn peer(answers: Vec<Vec<u8>>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let requests = thread::spawn(move || {
        let answer = |answer: Vec<u8>| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap();
            stream.write_all(&answer).unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        };
        answers.into_iter().map(answer).collect()
    });
    (address.to_string(), requests)
}

fn post(url: &str) -> http::Request<Vec<u8>> {
    http::Request::post(url).header("content-type", "text/plain").body(b"hello".to_vec()).unwrap()
}

async fn send_to(client: &SharedHttpClient, url: &str) -> Result<u16, SendError> {
    send(client, post(url), LONG, 16).await.map(|answer| answer.status().as_u16())
}

/// A client that answers in process.
fn in_process<F>(answer: F) -> SharedHttpClient
where
    F: Fn() -> HttpConnectorFuture + Clone + Send + Sync + 'static,
{
    struct Answer<F>(F);
    impl<F> std::fmt::Debug for Answer<F> {
        fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("Answer")
        }
    }
    impl<F: Fn() -> HttpConnectorFuture + Send + Sync> HttpConnector for Answer<F> {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            (self.0)()
        }
    }
    http_client_fn(move |_, _| SharedHttpConnector::new(Answer(answer.clone())))
}

#[tokio::test]
async fn a_request_arrives_and_its_answer_comes_back() {
    let (address, requests) =
        peer(vec![b"HTTP/1.1 201 Created\r\ncontent-length: 4\r\nx-id: 7\r\n\r\ndone".to_vec()]);
    let request = post(&format!("http://{address}/hook"));
    let answer = send(&world_client(true), request, LONG, 4).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.body().as_ref()), (201, b"done".as_ref()));
    assert_eq!(answer.headers()["x-id"], "7");
    let request = requests.join().unwrap().remove(0);
    assert!(request.starts_with("POST /hook HTTP/1.1\r\n") && request.ends_with("hello"), "{request}");
}

#[tokio::test]
async fn redirects_are_answers_like_others() {
    let (address, requests) = peer(vec![
        b"HTTP/1.1 307 Temporary Redirect\r\nlocation: /again\r\ncontent-length: 0\r\n\r\n".to_vec(),
    ]);
    assert_eq!(send_to(&world_client(true), &format!("http://{address}/once")).await, Ok(307));
    assert_eq!(requests.join().unwrap().len(), 1);
}

#[tokio::test]
async fn a_closed_port_was_not_reached() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for client in [world_client(true), aws_client()] {
        assert_eq!(send_to(&client, &format!("http://127.0.0.1:{port}/")).await, Err(NOT_CONNECTED));
    }
}

#[tokio::test]
async fn a_peer_without_tls_was_not_reached() {
    let nonsense = b"this is not TLS".to_vec();
    let (address, requests) = peer(vec![nonsense.clone(), nonsense, Vec::new()]);
    let url = format!("https://{address}/");
    assert_eq!(send_to(&world_client(true), &url).await, Err(NOT_CONNECTED));
    assert_eq!(send_to(&aws_client(), &url).await, Err(NOT_CONNECTED));
    // One that closes the connection during the handshake.
    assert_eq!(send_to(&world_client(true), &url).await, Err(NOT_CONNECTED));
    assert!(requests.join().unwrap().iter().all(|request| !request.contains("hello")));
}

#[tokio::test]
async fn a_name_that_does_not_resolve_was_not_reached() {
    // Longer than a name may be, so that no resolver is asked.
    let url = format!("https://{}.example/", "a".repeat(64));
    assert_eq!(send_to(&world_client(false), &url).await, Err(NOT_CONNECTED));
}

#[tokio::test]
async fn addresses_inside_are_not_connected_to() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let refused = Err(SendError::NotSent("the address is not a public one"));
    let client = world_client(false);
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"] {
        assert_eq!(send_to(&client, &format!("https://{host}:{port}/")).await, refused, "{host}");
    }
    assert_eq!(listener.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
}

/// A name server that answers differently each time: the first address, then the next.
#[derive(Clone, Debug)]
struct Rebinding {
    addresses: Arc<[IpAddr]>,
    asked: Arc<AtomicUsize>,
}

impl ResolveDns for Rebinding {
    fn resolve_dns<'a>(&'a self, _: &'a str) -> DnsFuture<'a> {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst);
        let address = self.addresses.get(turn).copied().ok_or("asked too often");
        DnsFuture::ready(address.map(|address| vec![address]).map_err(ResolveDnsError::new))
    }
}

#[tokio::test]
async fn a_name_that_changes_its_address_gains_nothing() {
    let rebinding = |addresses: [&str; 2]| Rebinding {
        addresses: addresses.map(|address| address.parse().unwrap()).into(),
        asked: Arc::default(),
    };
    // The address that was checked is the one that is connected to: a second resolution would fail.
    let names = rebinding(["127.0.0.1", "10.0.0.1"]);
    let (address, requests) = peer(vec![b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".to_vec()]);
    let port = address.rsplit(':').next().unwrap().to_owned();
    let client = world_client_resolving(names.clone(), true);
    assert_eq!(send_to(&client, &format!("http://localhost:{port}/")).await, Ok(204));
    assert_eq!((requests.join().unwrap().len(), names.asked.load(Ordering::SeqCst)), (1, 1));
    // On the next connection the name leads inside, and the client does not go there.
    assert_eq!(send_to(&client, &format!("http://localhost:{port}/")).await, Err(NOT_CONNECTED));
    assert_eq!(names.asked.load(Ordering::SeqCst), 2);

    // Without the local system's flag, this machine is inside as well, whatever its name.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let names = rebinding(["127.0.0.1", "::ffff:127.0.0.1"]);
    let client = world_client_resolving(names.clone(), false);
    for asked in 1..=2 {
        let result = send_to(&client, &format!("https://rebind.example:{port}/")).await;
        assert_eq!(result, Err(NOT_CONNECTED));
        assert_eq!(names.asked.load(Ordering::SeqCst), asked);
    }
    assert_eq!(listener.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn a_peer_that_closes_after_the_request_may_have_acted_on_it() {
    let (address, requests) =
        peer(vec![Vec::new(), b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nbrok".to_vec()]);
    let client = world_client(true);
    for _ in 0..2 {
        let result = send_to(&client, &format!("http://{address}/")).await;
        assert!(matches!(result, Err(SendError::Ambiguous(_))), "{result:?}");
    }
    assert_eq!(requests.join().unwrap().len(), 2);
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_not_read_on() {
    let (address, requests) =
        peer(vec![b"HTTP/1.1 200 OK\r\ncontent-length: 17\r\n\r\n12345678901234567".to_vec()]);
    let result = send_to(&world_client(true), &format!("http://{address}/")).await;
    assert_eq!(result, Err(SendError::Ambiguous(BROKE_OFF)));
    requests.join().unwrap();
}

#[tokio::test]
async fn no_answer_in_time_says_nothing_about_the_request() {
    let silent = in_process(|| HttpConnectorFuture::new(std::future::pending()));
    let result = send(&silent, post("https://example.com/"), Duration::ZERO, 16).await;
    assert_eq!(result.unwrap_err(), SendError::Ambiguous("no answer in time"));
}

#[tokio::test]
async fn clients_in_process_say_what_happened() {
    let fails = |make: fn(aws_smithy_runtime_api::box_error::BoxError) -> ConnectorError,
                 kind: io::ErrorKind| {
        in_process(move || HttpConnectorFuture::ready(Err(make(io::Error::from(kind).into()))))
    };
    let refused = fails(ConnectorError::io, io::ErrorKind::ConnectionRefused);
    assert_eq!(send_to(&refused, "https://example.com/").await, Err(NOT_CONNECTED));
    let lost = fails(ConnectorError::timeout, io::ErrorKind::TimedOut);
    let no_answer = Err(SendError::Ambiguous("no answer in time"));
    assert_eq!(send_to(&lost, "https://example.com/").await, no_answer);
    let reset = fails(ConnectorError::io, io::ErrorKind::ConnectionReset);
    let broke = Err(SendError::Ambiguous("the connection broke"));
    assert_eq!(send_to(&reset, "https://example.com/").await, broke);
}
