//! The function on Lambda.

use handover_aws::{Host, runtime, telemetry};
use handover_evaluate::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    telemetry::init("evaluate");
    let app = App::start(&Host::from_process()?).await?;
    runtime::run(|request, _deadline| app.handle(request)).await
}
