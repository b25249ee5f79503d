//! The function on Lambda.

use handover_aws::{Host, runtime, telemetry};
use handover_console::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    telemetry::init("console");
    let app = App::start(&Host::from_process()?).await?;
    runtime::run(|event, _deadline| app.handle(event)).await
}
