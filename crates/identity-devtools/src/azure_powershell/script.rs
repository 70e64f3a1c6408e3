//! What PowerShell is asked to do.

use identity_base::TenantId;
use identity_runtime::crypto;

/// Printed in the answer's place when the module is missing or too old.
pub(super) const NO_MODULE: &str = "NO_AZ_ACCOUNT_MODULE";
/// Begins the line with the answer: whatever else modules and updates print is not taken for it.
pub(super) const MARKER: &str = "azsdk%";

/// The script, with places for the resource and the tenant.
///
/// Whether the token has to be unwrapped is decided by its type, since versions differ: some give text, some give a `SecureString` when asked, newer ones
/// always do. The way over a BSTR works in Windows PowerShell and in PowerShell 7, and leaves no copy behind.
const SCRIPT: &str = r#"
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$WarningPreference = 'SilentlyContinue'
$InformationPreference = 'SilentlyContinue'

$modules = @(Import-Module -Name Az.Accounts -MinimumVersion 2.2.0 -PassThru -ErrorAction SilentlyContinue)
if ($modules.Count -eq 0) {
    Write-Output 'NO_AZ_ACCOUNT_MODULE'
    exit 0
}
$version = $modules[0].Version

$request = @{ ResourceUrl = '{resource}' }
{tenant}if ($version -ge [version]'2.17.0' -and $version -lt [version]'5.0.0') {
    $request['AsSecureString'] = $true
}
$answer = Get-AzAccessToken @request

$token = $answer.Token
if ($token -is [System.Security.SecureString]) {
    $text = [System.Runtime.InteropServices.Marshal]::SecureStringToBSTR($token)
    try {
        $token = [System.Runtime.InteropServices.Marshal]::PtrToStringBSTR($text)
    } finally {
        [System.Runtime.InteropServices.Marshal]::ZeroFreeBSTR($text)
    }
}
Write-Output ('azsdk%' + $token + '%' + $answer.ExpiresOn.ToUnixTimeSeconds())
"#;

/// The script for a token for `resource`, of the given tenant or of the one that is signed in to. Both values are checked: neither can hold a quote.
pub(super) fn access_token(resource: &str, tenant: Option<&TenantId>) -> String {
    let tenant = tenant
        .map(|tenant| format!("$request['TenantId'] = '{tenant}'\n"))
        .unwrap_or_default();
    SCRIPT
        .replace("{tenant}", &tenant)
        .replace("{resource}", resource)
}

/// The script as `-EncodedCommand` takes it: base64 of UTF-16, little end first. So no shell and no quoting comes near it.
pub(super) fn encoded(script: &str) -> String {
    let bytes: Vec<u8> = script.encode_utf16().flat_map(u16::to_le_bytes).collect();
    crypto::base64(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_in_single_quotes() {
        let tenant = TenantId::parse("contoso.com").unwrap();
        let script = access_token("https://vault.azure.net", Some(&tenant));
        assert!(script.contains("\n$request = @{ ResourceUrl = 'https://vault.azure.net' }\n$request['TenantId'] = 'contoso.com'\nif ("));
        assert!(!script.contains('{') || !script.contains("{resource}") && !script.contains("{tenant}"));
        assert!(!access_token("r", None).contains("TenantId"));
    }

    #[test]
    fn the_words_that_are_looked_for_are_those_that_are_printed() {
        assert!(SCRIPT.contains(&format!("'{NO_MODULE}'")) && SCRIPT.contains(&format!("'{MARKER}'")));
        assert!(SCRIPT.is_ascii());
    }

    #[test]
    fn encoding_is_utf_16() {
        assert_eq!(encoded("dir é"), "ZABpAHIAIADpAA==");
    }
}
