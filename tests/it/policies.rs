//! The policies the other way round: whatever a function may do, it does.

use std::{
    collections::BTreeSet,
    env, fs,
    path::PathBuf,
    process::{self, Command},
};

use handover_cloud::policy::Permission;
use handover_tests::{USED_PERMISSIONS, World};

/// Tests of this binary whose worlds, together, make use of everything that is allowed. By parts of their names;
/// this test is not among them.
const STORIES: [&str; 12] = [
    "answers::",
    "automations::",
    "console::",
    "contacts::",
    "crashes_around::",
    "leaving::",
    "mail::",
    "notify::",
    "pages::",
    "pauses::",
    "takeover::",
    "timers::",
];

/// What no story can show here, and why it is allowed.
const BEYOND: [&str; 0] = [];

#[tokio::test]
#[ignore = "plays half of the suite a second time; .ci/full does"]
async fn whatever_a_function_may_do_it_does() {
    let world = World::new(1).await;
    let noted = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("used-{}", process::id()));
    let told = Command::new(env::current_exe().unwrap())
        .args(STORIES)
        .env(USED_PERMISSIONS, &noted)
        .output()
        .unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stdout));
    let lines = fs::read_to_string(&noted).unwrap();
    fs::remove_file(&noted).unwrap();
    let used: BTreeSet<&str> = lines.lines().collect();
    let functions = &world.local.cloud().template().functions;
    let all = functions.iter().flat_map(|function| Permission::all(&function.name, &function.statements));
    let unused: Vec<String> = all
        .map(|one| format!("{one}"))
        .filter(|one| !BEYOND.contains(&one.as_str()))
        .filter(|one| !used.contains(one.as_str()))
        .collect();
    assert!(unused.is_empty(), "allowed, and not used:\n{}", unused.join("\n"));
}
