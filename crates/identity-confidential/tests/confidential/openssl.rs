//! Key files, made by the real `openssl`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The password of every protected file.
pub(crate) const PASSWORD: &str = "pa ss-w\u{f6}rd";

/// A folder with keys and certificates:
///
/// - `key.pem` (RSA 2048, PKCS#8), `cert.pem` (its certificate), `inter.pem` and `root.pem` (the chain above it);
/// - `other-key.pem`, `other-cert.pem`: another pair, self-signed;
/// - `ec-key.pem`, `ec-cert.pem`: an elliptic-curve pair.
pub(crate) struct Lab {
    folder: tempfile::TempDir,
}

impl Lab {
    /// The one lab of this test program.
    pub(crate) fn get() -> &'static Self {
        static LAB: OnceLock<Lab> = OnceLock::new();
        LAB.get_or_init(Self::make)
    }

    fn make() -> Self {
        let lab = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        lab.write("password", PASSWORD.as_bytes());
        lab.write("ca.ext", b"basicConstraints=critical,CA:true\n");
        for ca in ["root", "inter"] {
            lab.run(&format!(
                "ecparam -name prime256v1 -genkey -noout -out {ca}-key.pem"
            ));
        }
        lab.run("req -x509 -new -key root-key.pem -subj /CN=Root -days 3650 -out root.pem");
        lab.run("req -new -key inter-key.pem -subj /CN=Intermediate -out inter.csr");
        lab.run("x509 -req -in inter.csr -CA root.pem -CAkey root-key.pem -set_serial 2 -days 3650 -extfile ca.ext -out inter.pem");
        lab.run("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem");
        lab.run("req -new -key key.pem -subj /CN=Leaf -out leaf.csr");
        lab.run(
            "x509 -req -in leaf.csr -CA inter.pem -CAkey inter-key.pem -set_serial 3 -days 365 -out cert.pem",
        );
        lab.run("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out other-key.pem");
        lab.run("req -x509 -new -key other-key.pem -subj /CN=Other -days 365 -out other-cert.pem");
        lab.run("ecparam -name prime256v1 -genkey -noout -out ec-key.pem");
        lab.run("req -x509 -new -key ec-key.pem -subj /CN=Curve -days 365 -out ec-cert.pem");
        lab.run("x509 -in cert.pem -pubkey -noout -out pub.pem");
        lab
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn write(&self, name: &str, contents: &[u8]) {
        std::fs::write(self.path(name), contents).unwrap();
    }

    /// The files one after the other.
    pub(crate) fn join(&self, names: &[&str]) -> Vec<u8> {
        names.iter().flat_map(|name| self.read(name)).collect()
    }

    /// Runs `openssl` in the folder; words are separated by spaces.
    pub(crate) fn run(&self, arguments: &str) {
        let words: Vec<&str> = arguments.split(' ').collect();
        self.run_words(&words);
    }

    pub(crate) fn run_words(&self, words: &[&str]) -> Vec<u8> {
        let output = Command::new("openssl")
            .args(words)
            .current_dir(self.folder.path())
            .output()
            .unwrap_or_else(|error| {
                panic!("these tests need the command `openssl` (version 3) on the PATH: {error}")
            });
        assert!(
            output.status.success(),
            "openssl {} failed: {}",
            words.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    }

    /// The output of `openssl` when its result, a file of this name, is made by it.
    pub(crate) fn made(&self, name: &str, arguments: &str) -> Vec<u8> {
        self.run(&format!("{arguments} -out {name}"));
        self.read(name)
    }
}

/// The DER form of the first block of a PEM file.
pub(crate) fn der(lab: &Lab, name: &str) -> Vec<u8> {
    lab.run_words(&["x509", "-in", name, "-outform", "DER"])
}

/// Whether `openssl` accepts the signature over `message` by the public key in `pub.pem`.
pub(crate) fn verifies(lab: &Lab, message: &[u8], signature: &[u8], pss: bool, tag: &str) -> bool {
    let (message_file, signature_file) = (format!("{tag}.message"), format!("{tag}.signature"));
    lab.write(&message_file, message);
    lab.write(&signature_file, signature);
    let mut words = vec!["dgst", "-sha256"];
    if pss {
        words.extend(["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"]);
    }
    words.extend(["-verify", "pub.pem", "-signature", &signature_file, &message_file]);
    Command::new("openssl")
        .args(&words)
        .current_dir(Path::new(&lab.path("")))
        .output()
        .is_ok_and(|output| output.status.success())
}
