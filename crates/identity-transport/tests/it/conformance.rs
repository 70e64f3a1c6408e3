//! The suite that every transport has to pass.

use identity_testkit::transport_conformance::assert_conforms;
use identity_testkit::{block_on, block_on_threads};
use identity_transport::HyperTransport;

#[test]
fn on_a_current_thread_runtime() {
    block_on(async { assert_conforms(&HyperTransport::new()).await });
}

#[test]
fn on_a_multi_thread_runtime() {
    block_on_threads(2, async { assert_conforms(&HyperTransport::new()).await });
}
