//! Tools that somebody else put where they are looked for.
#![expect(
    clippy::disallowed_methods,
    reason = "the test lays out real files, and starts itself where they are"
)]

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use identity_emulator::{DeveloperTool, FakeTools, ToolAnswer};
use identity_testkit::leak_guard;

use super::stand::{Stand, credential, timed};

const LIMIT: Duration = Duration::from_secs(10);
/// Set for the process in whose current directory tools were planted: that directory.
const PLANTED: &str = "ENTRA_IDENTITY_TEST_PLANTED";

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_everybody_may_write_to_is_never_run() {
    leak_guard::run(async |guard| {
        let stand = Stand::new(&guard);
        let open = FakeTools::in_folder(stand.folder("open")).unwrap();
        let changed = FakeTools::in_folder(stand.folder("changed")).unwrap();
        let links = stand.folder("links");
        std::fs::create_dir(&links).unwrap();
        let (token, answer) = stand.token();
        for tool in DeveloperTool::ALL {
            let planted = open.install(tool, &answer).unwrap();
            symlink(planted, links.join(tool.program())).unwrap();
            mode(&changed.install(tool, &answer).unwrap(), 0o757);
            stand.tools.install(tool, &answer).unwrap();
        }
        // With the sticky bit nobody can replace another's file, but anybody can be the first there.
        for permissions in [0o777, 0o1777] {
            mode(open.folder(), permissions);
            for tool in DeveloperTool::ALL {
                stand.tools.install(tool, &answer).unwrap();
                for folder in [open.folder(), changed.folder(), &links] {
                    let folder = folder.to_str().unwrap();
                    let (result, took) = timed(async {
                        stand
                            .get(&*credential(tool, &Stand::options(folder), LIMIT))
                            .await
                    })
                    .await;
                    let error = result.unwrap_err();
                    assert!(error.is_unavailable(), "{error}");
                    assert!(error.message().contains("everybody may write"), "{error}");
                    assert!(error.hint().unwrap().contains("chmod o-w"), "{error}");
                    assert!(took < Duration::from_secs(1), "{took:?}");
                    // The next folder is looked into.
                    let path = format!(":.:{folder}:{}", stand.path());
                    let found = stand
                        .get(&*credential(tool, &Stand::options(&path), LIMIT))
                        .await
                        .unwrap();
                    assert_eq!(found.secret(), token);
                }
                assert_eq!(open.calls(tool).unwrap().len(), 0, "{tool:?}");
                assert_eq!(changed.calls(tool).unwrap().len(), 0, "{tool:?}");
                assert_eq!(stand.calls(tool, 3).len(), 3);
            }
        }
    });
}

/// The current directory belongs to a whole process, so this test starts itself there.
#[test]
fn a_tool_in_the_current_directory_is_never_run() {
    if let Some(here) = std::env::var_os(PLANTED) {
        return in_the_directory_of_planted_tools(Path::new(&here));
    }
    let folder = tempfile::tempdir().unwrap();
    let planted = FakeTools::in_folder(folder.path()).unwrap();
    let answer = ToolAnswer::token("a-token", super::stand::in_an_hour());
    for tool in DeveloperTool::ALL {
        planted.install(tool, &answer).unwrap();
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "devtools::planted::a_tool_in_the_current_directory_is_never_run",
        ])
        .env(PLANTED, folder.path())
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    assert!(folder.path().join("looked").exists(), "the look was taken");
}

fn in_the_directory_of_planted_tools(here: &Path) {
    assert_eq!(std::env::current_dir().unwrap(), here.canonicalize().unwrap());
    let planted = FakeTools::in_folder(here).unwrap();
    leak_guard::run(async |guard| {
        let stand = Stand::new(&guard);
        let (token, answer) = stand.token();
        for tool in DeveloperTool::ALL {
            // The plant is one: looked for in the usual way the tool is found.
            let usual = Command::new("/bin/sh")
                .args(["-c", tool.program()])
                .env("PATH", ":.")
                .output()
                .unwrap();
            assert!(usual.status.success() && planted.calls(tool).unwrap().len() == 1);
            stand.tools.install(tool, &answer).unwrap();
            for path in ["", ":", "::", ".", "./", ":.", "..:.:", "nowhere:."] {
                let error = stand
                    .get(&*credential(tool, &Stand::options(path), LIMIT))
                    .await
                    .unwrap_err();
                assert!(
                    error.is_unavailable() && error.message().contains("was not found"),
                    "{path}: {error}"
                );
                let path = format!("{path}:{}", stand.path());
                let found = stand
                    .get(&*credential(tool, &Stand::options(&path), LIMIT))
                    .await
                    .unwrap();
                assert_eq!(found.secret(), token);
            }
            assert_eq!(planted.calls(tool).unwrap().len(), 1, "{tool:?}");
        }
    });
    std::fs::write(here.join("looked"), "").unwrap();
}
