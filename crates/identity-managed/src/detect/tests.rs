//! One case for each source, and for each way to nearly have it.

use std::collections::HashMap;

use identity_runtime::env_vars::{PROGRAM_DATA, PROGRAM_FILES};
use identity_testkit::{MemoryFs, block_on};

use super::*;

/// All variables that matter, except those left out.
fn all_except(missing: &[&str]) -> HashMap<String, String> {
    [
        IDENTITY_ENDPOINT,
        IDENTITY_HEADER,
        IDENTITY_SERVER_THUMBPRINT,
        MSI_ENDPOINT,
        MSI_SECRET,
        IMDS_ENDPOINT,
        AZURE_FEDERATED_TOKEN_FILE,
        AZURE_TENANT_ID,
        AZURE_AUTHORITY_HOST,
    ]
    .iter()
    .filter(|name| !missing.contains(name))
    .map(|name| ((*name).to_owned(), "CNRYCNRY".to_owned()))
    .collect()
}

fn only(present: &[&str]) -> HashMap<String, String> {
    present
        .iter()
        .map(|name| ((*name).to_owned(), "CNRYCNRY".to_owned()))
        .collect()
}

fn found(env: &HashMap<String, String>) -> Option<ManagedIdentitySource> {
    match from_env(env, true) {
        FromEnv::Found(detection) => Some(detection.source()),
        FromEnv::AgentOrImds(_) => None,
    }
}

#[test]
fn the_order_of_sources_is_that_of_the_variables() {
    use ManagedIdentitySource::*;
    assert_eq!(found(&all_except(&[])), Some(ServiceFabric));
    assert_eq!(
        found(&all_except(&[IDENTITY_SERVER_THUMBPRINT])),
        Some(AppService)
    );
    let no_header = [IDENTITY_SERVER_THUMBPRINT, IDENTITY_HEADER];
    assert_eq!(
        found(&all_except(&no_header)),
        Some(AzureMl),
        "App Service needs both"
    );
    assert_eq!(
        found(&all_except(&[no_header.as_slice(), &[MSI_SECRET]].concat())),
        Some(CloudShell)
    );
    assert_eq!(found(&only(&[IDENTITY_ENDPOINT, IMDS_ENDPOINT])), Some(AzureArc));
    assert_eq!(
        found(&only(&[
            AZURE_FEDERATED_TOKEN_FILE,
            AZURE_TENANT_ID,
            AZURE_AUTHORITY_HOST
        ])),
        Some(TokenExchange)
    );
    assert_eq!(found(&only(&[])), None);
}

#[test]
fn app_service_goes_before_its_older_interface() {
    let env = only(&[IDENTITY_ENDPOINT, IDENTITY_HEADER, MSI_ENDPOINT, MSI_SECRET]);
    assert_eq!(found(&env), Some(ManagedIdentitySource::AppService));
}

#[test]
fn a_lone_variable_of_a_source_points_to_nothing() {
    for name in [
        IDENTITY_ENDPOINT,
        IDENTITY_HEADER,
        IDENTITY_SERVER_THUMBPRINT,
        MSI_SECRET,
        IMDS_ENDPOINT,
        AZURE_FEDERATED_TOKEN_FILE,
        AZURE_TENANT_ID,
    ] {
        assert_eq!(found(&only(&[name])), None, "{name}");
    }
}

#[test]
fn empty_variables_count_as_unset() {
    let mut env = all_except(&[]);
    env.insert(IDENTITY_SERVER_THUMBPRINT.to_owned(), String::new());
    assert_eq!(found(&env), Some(ManagedIdentitySource::AppService));
}

#[test]
fn the_token_exchange_can_be_left_out() {
    let env = only(&[AZURE_FEDERATED_TOKEN_FILE, AZURE_TENANT_ID, AZURE_AUTHORITY_HOST]);
    assert!(matches!(from_env(&env, false), FromEnv::AgentOrImds(_)));
}

fn by_file(files: &MemoryFs, env: &HashMap<String, String>, platform: Platform) -> Detection {
    let FromEnv::AgentOrImds(considered) = from_env(env, true) else {
        panic!("the environment decided");
    };
    block_on(agent_or_imds(considered, env, files, platform))
}

#[test]
fn the_agent_of_azure_arc_is_found_by_its_program() {
    let linux = MemoryFs::new();
    linux.put("/opt/azcmagent/bin/himds", "");
    assert_eq!(
        by_file(&linux, &only(&[]), Platform::Linux).source(),
        ManagedIdentitySource::AzureArc
    );
    assert_eq!(
        by_file(&linux, &only(&[]), Platform::Other).source(),
        ManagedIdentitySource::Imds
    );
    assert_eq!(
        by_file(&linux, &only(&[]), Platform::Windows).source(),
        ManagedIdentitySource::Imds
    );

    for variable in [PROGRAM_FILES, PROGRAM_DATA] {
        let windows = MemoryFs::new();
        windows.put("C:\\Folder\\AzureConnectedMachineAgent\\himds.exe", "");
        let env = HashMap::from([(variable.to_owned(), "C:\\Folder\\".to_owned())]);
        assert_eq!(
            by_file(&windows, &env, Platform::Windows).source(),
            ManagedIdentitySource::AzureArc,
            "{variable}"
        );
    }
}

#[test]
fn a_directory_in_its_place_is_not_the_agent() {
    let files = MemoryFs::new();
    files.put("/opt/azcmagent/bin/himds/x", "");
    assert_eq!(
        by_file(&files, &only(&[]), Platform::Linux).source(),
        ManagedIdentitySource::Imds
    );
}

#[test]
fn the_explanation_names_what_is_missing_and_no_value() {
    let detection = by_file(&MemoryFs::new(), &only(&[IDENTITY_ENDPOINT]), Platform::Linux);
    assert_eq!(detection.to_string(), "IMDS: nothing points to another source");
    let lines: Vec<String> = detection
        .considered()
        .iter()
        .map(|one| format!("{} {} {}", one.source().id(), one.is_found(), one.reason()))
        .collect();
    assert_eq!(
        lines,
        [
            "service-fabric false IDENTITY_HEADER and IDENTITY_SERVER_THUMBPRINT are not set",
            "app-service false IDENTITY_HEADER is not set",
            "azure-ml false MSI_ENDPOINT and MSI_SECRET are not set",
            "cloud-shell false MSI_ENDPOINT is not set",
            "azure-arc false IMDS_ENDPOINT is not set",
            "token-exchange false AZURE_FEDERATED_TOKEN_FILE, AZURE_TENANT_ID and AZURE_AUTHORITY_HOST are not set",
            "azure-arc false its agent is not installed as /opt/azcmagent/bin/himds",
            "imds true nothing points to another source",
        ]
    );
    assert!(!format!("{detection:?}").contains("CNRY"));
    let FromEnv::Found(fabric) = from_env(&all_except(&[]), true) else {
        panic!("not found");
    };
    assert_eq!(
        fabric.to_string(),
        "Service Fabric: IDENTITY_ENDPOINT, IDENTITY_HEADER and IDENTITY_SERVER_THUMBPRINT are set"
    );
}
