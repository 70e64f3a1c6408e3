//! Files to begin with, made by `openssl`: one for each way in which a key and a certificate may be written. Nothing of this is kept in the repository,
//! since each holds a private key.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The password of those that have one.
pub(crate) const PASSWORD: &str = "fuzz";

/// A file that loads.
#[derive(Debug)]
pub(crate) struct Seed {
    /// The fuzz target that it is for.
    pub(crate) target: &'static str,
    /// What is particular about it.
    pub(crate) name: &'static str,
    /// Its contents.
    pub(crate) bytes: Vec<u8>,
    /// Whether it takes [`PASSWORD`] to open it.
    pub(crate) protected: bool,
    /// How many certificates are in the chain that comes out.
    pub(crate) chain: usize,
}

/// Keys for PEM files: name, arguments of `openssl`, whether they are protected. Key derivations are as cheap as they can be, so that the fuzzer spends its
/// time on reading.
const KEYS: [(&str, &str, bool); 14] = [
    ("pkcs8", "pkey -in key.pem", false),
    ("pkcs1", "rsa -traditional -in key.pem", false),
    (
        "pkcs8-aes256",
        "pkcs8 -topk8 -in key.pem -passout file:password -iter 1 -v2 aes-256-cbc",
        true,
    ),
    (
        "pkcs8-aes192",
        "pkcs8 -topk8 -in key.pem -passout file:password -iter 1 -v2 aes-192-cbc",
        true,
    ),
    (
        "pkcs8-aes128",
        "pkcs8 -topk8 -in key.pem -passout file:password -iter 1 -v2 aes-128-cbc",
        true,
    ),
    (
        "pkcs8-sha1",
        "pkcs8 -topk8 -in key.pem -passout file:password -iter 1 -v2 aes-256-cbc -v2prf hmacWithSHA1",
        true,
    ),
    (
        "pkcs8-sha512",
        "pkcs8 -topk8 -in key.pem -passout file:password -iter 1 -v2 aes-256-cbc -v2prf hmacWithSHA512",
        true,
    ),
    (
        "pkcs8-3des",
        "pkcs8 -topk8 -in key.pem -passout file:password -iter 1 -v2 des3",
        true,
    ),
    (
        "pkcs8-scrypt",
        "pkcs8 -topk8 -in key.pem -passout file:password -scrypt -scrypt_N 2 -scrypt_r 1 -scrypt_p 1",
        true,
    ),
    (
        "pkcs8-pbe-sha1-3des",
        "pkcs8 -topk8 -in key.pem -passout file:password -iter 1 -v1 PBE-SHA1-3DES",
        true,
    ),
    (
        "traditional-aes128",
        "rsa -traditional -in key.pem -passout file:password -aes128",
        true,
    ),
    (
        "traditional-aes192",
        "rsa -traditional -in key.pem -passout file:password -aes192",
        true,
    ),
    (
        "traditional-aes256",
        "rsa -traditional -in key.pem -passout file:password -aes256",
        true,
    ),
    (
        "traditional-3des",
        "rsa -traditional -in key.pem -passout file:password -des3",
        true,
    ),
];

/// PKCS#12 files: name, arguments beside the common ones, whether they are protected, certificates.
const PKCS12: [(&str, &str, bool, usize); 11] = [
    ("pfx", "-passout file:password", true, 1),
    ("pfx-open", "-passout pass:", false, 1),
    ("pfx-legacy", "-passout file:password -legacy", true, 1),
    ("pfx-legacy-open", "-passout pass: -legacy", false, 1),
    (
        "pfx-3des",
        "-passout file:password -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1",
        true,
        1,
    ),
    (
        "pfx-pbes2-3des",
        "-passout file:password -keypbe DES-EDE3-CBC -certpbe DES-EDE3-CBC",
        true,
        1,
    ),
    (
        "pfx-plain-certificates",
        "-passout file:password -certpbe NONE",
        true,
        1,
    ),
    (
        "pfx-nothing-encrypted",
        "-passout file:password -keypbe NONE -certpbe NONE",
        true,
        1,
    ),
    (
        "pfx-nothing-at-all",
        "-passout pass: -keypbe NONE -certpbe NONE -nomac",
        false,
        1,
    ),
    ("pfx-nomac", "-passout file:password -nomac", true, 1),
    (
        "pfx-chain",
        "-passout file:password -name app -certfile chain.pem",
        true,
        3,
    ),
];

/// Makes all of them in an empty folder.
///
/// # Errors
/// A text, when `openssl` is not there or refuses.
pub(crate) fn make(folder: &Path) -> Result<Vec<Seed>, String> {
    let lab = Lab(folder);
    lab.write("password", PASSWORD.as_bytes())?;
    lab.write("ca.ext", b"basicConstraints=critical,CA:true\n")?;
    for ca in ["root", "inter"] {
        lab.run(&format!(
            "ecparam -name prime256v1 -genkey -noout -out {ca}-key.pem"
        ))?;
    }
    for arguments in [
        "req -x509 -new -key root-key.pem -subj /CN=Root -days 3650 -out root.pem",
        "req -new -key inter-key.pem -subj /CN=Intermediate -out inter.csr",
        "x509 -req -in inter.csr -CA root.pem -CAkey root-key.pem -set_serial 2 -days 3650 -extfile ca.ext -out inter.pem",
        "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem",
        "req -new -key key.pem -subj /CN=Leaf -out leaf.csr",
        "x509 -req -in leaf.csr -CA inter.pem -CAkey inter-key.pem -set_serial 3 -days 3650 -out cert.pem",
    ] {
        lab.run(arguments)?;
    }
    let (certificate, key) = (lab.read("cert.pem")?, lab.read("key.pem")?);
    let chain = [lab.read("root.pem")?, lab.read("inter.pem")?].concat();
    lab.write("chain.pem", &chain)?;

    let mut seeds = Vec::new();
    let mut add = |target, name, bytes, protected, chain| {
        seeds.push(Seed {
            target,
            name,
            bytes,
            protected,
            chain,
        });
    };
    for (name, arguments, protected) in KEYS {
        let key = lab.made(name, arguments)?;
        add("pem", name, [key, certificate.clone()].concat(), protected, 1);
    }
    let windows = String::from_utf8_lossy(&[&key[..], &certificate[..]].concat()).replace('\n', "\r\n");
    add("pem", "windows-line-ends", windows.into_bytes(), false, 1);
    add(
        "pem",
        "chain-first",
        [&chain[..], &certificate, &key].concat(),
        false,
        3,
    );
    add(
        "pem",
        "byte-order-mark",
        [b"\xEF\xBB\xBF", &key[..], &certificate].concat(),
        false,
        1,
    );
    for (name, arguments, protected, chain) in PKCS12 {
        let arguments = format!("pkcs12 -export -inkey key.pem -in cert.pem -iter 1 {arguments}");
        add("pkcs12", name, lab.made(name, &arguments)?, protected, chain);
    }
    lab.run("base64 -in pfx-open -out pfx-as-base64")?;
    add("pkcs12", "pfx-as-base64", lab.read("pfx-as-base64")?, false, 1);
    Ok(seeds)
}

/// The folder in which `openssl` works.
struct Lab<'a>(&'a Path);

impl Lab<'_> {
    fn run(&self, arguments: &str) -> Result<(), String> {
        let output = Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(self.0)
            .output()
            .map_err(|error| format!("the command `openssl` (version 3) is needed on the PATH: {error}"))?;
        match output.status.success() {
            true => Ok(()),
            false => Err(format!(
                "openssl {arguments}: {}",
                String::from_utf8_lossy(&output.stderr)
            )),
        }
    }

    /// The file of this name, after `openssl` has made it.
    fn made(&self, name: &str, arguments: &str) -> Result<Vec<u8>, String> {
        self.run(&format!("{arguments} -out {name}"))?;
        self.read(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
        fs::write(self.0.join(name), bytes).map_err(|error| format!("cannot write {name}: {error}"))
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        fs::read(self.0.join(name)).map_err(|error| format!("cannot read {name}: {error}"))
    }
}
