//! What several subjects need.

use std::path::PathBuf;
use std::sync::Arc;

use entra_identity::{Authority, ClientOptions};
use identity_emulator::{RecordedRequest, Requests};
use identity_testkit::{
    MemoryFs, RecordingBrowser, ScriptedHttp, ScriptedProcess, ScriptedRandom, TestClock, TestEnv,
};
use serde_json::{Value, json};

/// The tenant of the recorded cases.
pub(crate) const TENANT: &str = "11111111-1111-1111-1111-111111111111";
/// The application of the recorded cases.
pub(crate) const CLIENT: &str = "44444444-4444-4444-4444-444444444444";
/// The scope of the recorded cases of applications.
pub(crate) const SCOPE: &str = "https://management.azure.com/.default";

/// The folder of cases for one subject.
pub(crate) fn cases(subject: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("cases")
        .join(subject)
}

/// Options that touch nothing of this machine: every seam is faked, time stands still.
pub(crate) fn sealed(http: &ScriptedHttp, clock: &TestClock) -> ClientOptions {
    ClientOptions::new()
        .with_authority(Authority::public())
        .with_transport(Arc::new(http.clone()))
        .with_clock(Arc::new(clock.clone()))
        .with_env(Arc::new(TestEnv::new()))
        .with_file_system(Arc::new(MemoryFs::with_clock(clock)))
        .with_random(Arc::new(ScriptedRandom::seeded(1)))
        .with_process_runner(Arc::new(ScriptedProcess::new()))
        .with_browser_opener(Arc::new(RecordingBrowser::new()))
}

/// All that a proxy or an access log would see of the requests, and all headers.
pub(crate) fn visible(requests: &Requests) -> Value {
    let request = |request: &RecordedRequest| {
        let headers: Vec<Value> = request
            .headers()
            .iter()
            .map(|(name, value)| json!({ name: value }))
            .collect();
        json!({ "path": request.path(), "query": request.queries(), "headers": merged(&headers) })
    };
    requests.iter().map(request).collect()
}

/// One object of many; a header that is there twice is a list.
fn merged(headers: &[Value]) -> Value {
    let mut all = serde_json::Map::new();
    for (name, value) in headers.iter().filter_map(Value::as_object).flatten() {
        let values = all.entry(name.clone()).or_insert_with(|| json!([]));
        values.as_array_mut().unwrap().push(value.clone());
    }
    all.into()
}

/// Writes a file of the test's own, in a folder that goes with the test.
#[expect(
    clippy::disallowed_methods,
    reason = "what a cluster or a person puts beside the program"
)]
pub(crate) fn write(path: &std::path::Path, contents: impl AsRef<[u8]>) {
    std::fs::write(path, contents).unwrap();
}
