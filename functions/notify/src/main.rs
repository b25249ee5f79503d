//! The function on Lambda.

use handover_aws::{Host, runtime, telemetry};
use handover_notify::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    telemetry::init("notify");
    let app = App::start(&Host::from_process()?).await?;
    runtime::run(|event, deadline| app.handle(event, deadline)).await
}
