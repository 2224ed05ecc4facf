"""The page's own tests (TypeScript, in pwa/test), run by node as part of every whole test run."""

import pytest

from server.embedded.pwa_build import PWA, install_packages, npm


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_tests_of_the_page_pass():
    install_packages(PWA)

    npm(PWA, "run", "test")  # Raises BuildFailed; vitest's own report is on standard error.
