//! The cloud as an HTTP client: what the AWS SDK and our own clients send is answered in this process.

use crate::calls::Broken;
use crate::cloud::{Cloud, ENDPOINT_HOST};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::BodyExt;
use std::fmt;
use std::io;

/// Hosts that mean the cloud itself; any other host is the world outside.
const CLOUD_HOSTS: [&str; 4] = [ENDPOINT_HOST, "127.0.0.1", "localhost", "[::1]"];

impl Cloud {
    /// An HTTP client for the AWS SDK that answers in process. Requests to the cloud's own host or to a
    /// loopback address go to AWS, all others to the recorder.
    pub fn http_client(&self) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(Connector { cloud: self.clone() });
        http_client_fn(move |_, _| connector.clone())
    }
}

struct Connector {
    cloud: Cloud,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let cloud = self.cloud.clone();
        HttpConnectorFuture::new(answer(cloud, request))
    }
}

async fn answer(cloud: Cloud, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let (parts, body) = request.into_parts();
    let body = match body.bytes() {
        Some(bytes) => Bytes::copy_from_slice(bytes),
        None => body.collect().await.map_err(ConnectorError::user)?.to_bytes(),
    };
    let request = http::Request::from_parts(parts, body);
    let result = if CLOUD_HOSTS.contains(&crate::cloud::host(&request).as_str()) {
        cloud.call(request).await
    } else {
        cloud.call_world(request).await
    };
    // As hyper reports them: a connection that never stood is an I/O error that says so, a missing answer a
    // timeout.
    let response = result.map_err(|broken| match broken {
        Broken::Before => ConnectorError::io(io::Error::new(io::ErrorKind::ConnectionRefused, broken).into()),
        Broken::AnswerLost => ConnectorError::timeout(broken.into()),
    })?;
    HttpResponse::try_from(response.map(SdkBody::from)).map_err(|error| ConnectorError::user(error.into()))
}
