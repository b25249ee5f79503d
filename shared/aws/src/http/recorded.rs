//! The world outside, played by the local system.

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
    },
    orchestrator::HttpRequest,
    result::ConnectorError,
};

use super::{check_url, world_client};

/// The header in which a redirected request carries the address that it was for.
pub const WORLD_URL_HEADER: &str = "x-world-url";

/// A client that sends every request to `recorder`, on this machine, with the address that it was for in
/// [`WORLD_URL_HEADER`]. `None` where the recorder is not on this machine: nothing must lead a function's
/// requests elsewhere.
pub fn recorded_client(recorder: &str) -> Option<SharedHttpClient> {
    let on_this_machine = check_url(recorder, true).is_ok() && check_url(recorder, false).is_err();
    let recorder = on_this_machine.then(|| recorder.to_owned())?;
    let client = world_client(true);
    Some(http_client_fn(move |settings, components| {
        let inner = client.http_connector(settings, components);
        SharedHttpConnector::new(Redirected { inner, recorder: recorder.clone() })
    }))
}

#[derive(Debug)]
struct Redirected {
    inner: SharedHttpConnector,
    recorder: String,
}

impl HttpConnector for Redirected {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let address = request.uri().to_owned();
        request.headers_mut().insert(WORLD_URL_HEADER, address);
        match request.set_uri(self.recorder.as_str()) {
            Ok(()) => self.inner.call(request),
            Err(error) => HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_led_to_this_machine_and_nowhere_else() {
        for here in ["http://127.0.0.1:8787/local/world", "http://[::1]:1/", "http://localhost:8787/x"] {
            assert!(recorded_client(here).is_some(), "{here}");
        }
        for elsewhere in ["https://example.com/", "http://10.0.0.1/", "http://169.254.169.254/", "", "x"] {
            assert!(recorded_client(elsewhere).is_none(), "{elsewhere}");
        }
    }
}
