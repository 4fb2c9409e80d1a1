"""The portal: pages for people. It opens no store; the APIs that it asks tell for themselves whether they work."""

import httpx
from fastapi import APIRouter, FastAPI

from hub.runtime.manifest import Manifest
from services.portal.app import install_error_pages, portal


def _pages(app: FastAPI, api: httpx.AsyncClient) -> APIRouter:
    install_error_pages(app)
    return portal(api)


MANIFEST = Manifest(role="portal", pages=_pages)
