"""Workload identity, the identity-binding proxy, and Azure Pipelines: azure-identity's credentials, both kinds."""

import os
import tempfile
import time
import unittest
from unittest import mock

from azure.core.exceptions import ClientAuthenticationError
from azure.identity import AzurePipelinesCredential, WorkloadIdentityCredential
from azure.identity.aio import AzurePipelinesCredential as AsyncAzurePipelinesCredential
from azure.identity.aio import WorkloadIdentityCredential as AsyncWorkloadIdentityCredential

from _emulator import EmulatorCase, main

AUDIENCE = "https://storage.azure.com"
SCOPE = AUDIENCE + "/.default"
CLUSTER = "https://oidc.emulator.test/cluster/"
SUBJECT = "system:serviceaccount:shop:orders"
PIPELINES = "https://vstoken.dev.azure.com/66666666-6666-6666-6666-666666666666"
CONNECTION = "sc://contoso/orders/azure"


class Case(EmulatorCase):
    def options(self, **more):
        return more | {
            "authority": self.emulator.authority,
            "connection_verify": self.emulator.ca,
            "retry_backoff_factor": 0,
        }

    def environment(self, system):
        """Sets the variables that the system would."""
        variables = self.emulator.environments()[system]
        patch = mock.patch.dict(os.environ, variables)
        patch.start()
        self.addCleanup(patch.stop)
        return variables


class Workload(Case):
    def setUp(self):
        super().setUp()
        self.emulator.register_federated(CLUSTER, SUBJECT)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "token")
        self.write(SUBJECT)

    def write(self, subject):
        now = int(time.time())
        claims = {
            "iss": CLUSTER,
            "sub": subject,
            "aud": ["api://AzureADTokenExchange"],
            "nbf": now,
            "iat": now,
            "exp": now + 3600,
        }
        # Files like this end in a line break, which these clients send along.
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(self.emulator.sign(claims) + "\n")

    def arguments(self, **more):
        return self.options(
            tenant_id=self.emulator.tenant_id,
            client_id=self.emulator.client_id,
            token_file_path=self.path,
            **more,
        )

    def assert_the_proxy_was_asked(self):
        (request,) = self.emulator.requests("identity_binding")
        self.assertEqual(request["status"], 200)
        self.assertEqual(self.emulator.requests("token"), [])


class WorkloadSync(Workload, unittest.TestCase):
    def test_a_service_accounts_token(self):
        with WorkloadIdentityCredential(**self.arguments(disable_instance_discovery=True)) as credential:
            claims = self.assert_token_of_client(credential.get_token(SCOPE).token, AUDIENCE)
        self.assertEqual(claims["appidacr"], "2")

    def test_another_subject_is_refused_with_entras_code(self):
        self.write("system:serviceaccount:shop:other")
        with WorkloadIdentityCredential(**self.arguments(disable_instance_discovery=True)) as credential:
            with self.assertRaises(ClientAuthenticationError) as raised:
                credential.get_token(SCOPE)
        self.assertIn("AADSTS700213", str(raised.exception))

    def test_the_identity_binding_proxy(self):
        self.environment("identity_binding")
        arguments = self.arguments(disable_instance_discovery=True, enable_azure_proxy=True)
        with WorkloadIdentityCredential(**arguments) as credential:
            self.assert_token_of_client(credential.get_token(SCOPE).token, AUDIENCE)
        self.assert_the_proxy_was_asked()


class WorkloadAsync(Workload, unittest.IsolatedAsyncioTestCase):
    async def test_a_service_accounts_token(self):
        async with AsyncWorkloadIdentityCredential(**self.arguments()) as credential:
            self.assert_token_of_client((await credential.get_token(SCOPE)).token, AUDIENCE)

    async def test_another_subject_is_refused_with_entras_code(self):
        self.write("system:serviceaccount:shop:other")
        async with AsyncWorkloadIdentityCredential(**self.arguments()) as credential:
            with self.assertRaises(ClientAuthenticationError) as raised:
                await credential.get_token(SCOPE)
        self.assertIn("AADSTS700213", str(raised.exception))

    async def test_the_identity_binding_proxy(self):
        self.environment("identity_binding")
        async with AsyncWorkloadIdentityCredential(**self.arguments(enable_azure_proxy=True)) as credential:
            self.assert_token_of_client((await credential.get_token(SCOPE)).token, AUDIENCE)
        self.assert_the_proxy_was_asked()


class Pipelines(Case):
    def setUp(self):
        super().setUp()
        self.emulator.register_federated(PIPELINES, CONNECTION)
        self.variables = self.environment("azure_pipelines")

    def arguments(self, **more):
        arguments = {
            "tenant_id": self.emulator.tenant_id,
            "client_id": self.emulator.client_id,
            "service_connection_id": self.variables["AZURESUBSCRIPTION_SERVICE_CONNECTION_ID"],
            "system_access_token": self.variables["SYSTEM_ACCESSTOKEN"],
        }
        return self.options(**(arguments | more))

    def assert_one_exchange(self):
        (request,) = self.emulator.requests("pipelines_oidc")
        self.assertEqual(request["status"], 200)
        (request,) = self.emulator.requests("token")
        self.assertEqual(request["form"]["grant_type"], "client_credentials")


class PipelinesSync(Pipelines, unittest.TestCase):
    def test_a_service_connection(self):
        with AzurePipelinesCredential(**self.arguments(disable_instance_discovery=True)) as credential:
            self.assert_token_of_client(credential.get_token(SCOPE).token, AUDIENCE)
            credential.get_token(SCOPE)
        self.assert_one_exchange()

    def test_a_wrong_job_token_is_refused(self):
        arguments = self.arguments(disable_instance_discovery=True, system_access_token="wrong")
        with AzurePipelinesCredential(**arguments) as credential:
            with self.assertRaises(ClientAuthenticationError) as raised:
                credential.get_token(SCOPE)
        self.assertEqual(raised.exception.status_code, 401)
        self.assertEqual(self.emulator.requests("token"), [])


class PipelinesAsync(Pipelines, unittest.IsolatedAsyncioTestCase):
    async def test_a_service_connection(self):
        async with AsyncAzurePipelinesCredential(**self.arguments()) as credential:
            self.assert_token_of_client((await credential.get_token(SCOPE)).token, AUDIENCE)
            await credential.get_token(SCOPE)
        self.assert_one_exchange()

    async def test_a_connection_that_is_not_there_is_refused(self):
        arguments = self.arguments(service_connection_id="another")
        async with AsyncAzurePipelinesCredential(**arguments) as credential:
            with self.assertRaises(ClientAuthenticationError) as raised:
                await credential.get_token(SCOPE)
        self.assertEqual(raised.exception.status_code, 404)
        self.assertEqual(self.emulator.requests("token"), [])


if __name__ == "__main__":
    main()
