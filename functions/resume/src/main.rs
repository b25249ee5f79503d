//! The function on Lambda.

use handover_aws::{Host, runtime, telemetry};
use handover_resume::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    telemetry::init("resume");
    let app = App::start(&Host::from_process()?)?;
    runtime::run(|event, deadline| app.handle(event, deadline)).await
}
