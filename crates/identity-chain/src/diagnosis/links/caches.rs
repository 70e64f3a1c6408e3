//! Files that developer tools leave of whoever signed in.

use std::path::PathBuf;

use identity_base::seam::FileKind;
use identity_runtime::env_vars::{HOME, LOCALAPPDATA, USERPROFILE};

use crate::diagnosis::look::Look;
use crate::diagnosis::report::LinkReport;

/// The shared cache, with and without the ending for tokens of continuous access evaluation.
const CACHES: &[&str] = &[
    ".IdentityService/msal.cache",
    ".IdentityService/msal.cache.nocae",
    ".IdentityService/msal.cache.cae",
];
/// The record of the account of Visual Studio Code.
const RECORDS: &[&str] = &[
    ".azure/ms-azuretools.vscode-azureresourcegroups/authRecord.json",
    ".Azure/ms-azuretools.vscode-azureresourcegroups/authRecord.json",
];

pub(super) async fn shared(look: &Look<'_>, link: &mut LinkReport) {
    // The cache may be in a keyring instead, which is not for a look to open.
    if !found(look, link, "cache file", &[LOCALAPPDATA, HOME], CACHES).await {
        link.evidence.push("there is no cache file".to_owned());
    }
}

pub(super) async fn visual_studio_code(look: &Look<'_>, link: &mut LinkReport) {
    if !found(look, link, "account record", &[HOME, USERPROFILE], RECORDS).await {
        link.evidence.push("there is no account record".to_owned());
    }
}

/// Tells of the files that are there, below the first of these folders that is set. Whether there was one is returned.
async fn found(look: &Look<'_>, link: &mut LinkReport, what: &str, folders: &[&str], files: &[&str]) -> bool {
    let Some(folder) = folders.iter().find_map(|name| look.env().var(name)) else {
        return false;
    };
    let mut any = false;
    for file in files {
        let path: PathBuf = file
            .split('/')
            .fold(PathBuf::from(&folder), |path, part| path.join(part));
        if let Ok(metadata) = look.files().metadata(&path, false).await
            && metadata.kind == FileKind::File
        {
            link.evidence
                .push(format!("{what} {}", look.file(&path, &metadata)));
            any = true;
        }
    }
    any
}
