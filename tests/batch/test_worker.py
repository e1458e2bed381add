from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest

from gemini_nb import Client, ImageRequest
from gemini_nb.batch.claim import Claim
from gemini_nb.batch.worker import Task
from gemini_nb.errors import (
    ArgumentError,
    MissingKeyError,
    OutcomeUnknownError,
)
from gemini_nb.providers import provider
from gemini_nb.providers.keys import enter_key, forget_key
from support.clients import KEY
from support.executors import Copying, painted, processes, widths
from support.gateway import Gateway
from support.key_leaks import FAILURES, leaks
from support.key_leaks import KEY as ODD_KEY

VARIABLE = "CRAZYROUTER_API_KEY"


pytestmark = pytest.mark.usefixtures("key_in_environment")


@pytest.mark.parametrize("scene", [lambda: Gateway(painted), *FAILURES.values()], ids=["picture", *FAILURES])
def test_no_form_of_the_key_travels(tmp_path, monkeypatch, scene):
    monkeypatch.setenv(VARIABLE, ODD_KEY)
    with scene() as gateway, Client(base_url=gateway.url, store=tmp_path, timeout=3) as client:
        with Copying() as executor:
            client.generate_many(["0"], executor=executor)
        assert gateway.posts == 1
    assert tmp_path.name.encode() in executor.travelled
    assert leaks(executor.travelled) == []


def test_a_worker_without_a_key_says_where_it_looked(tmp_path):
    forget = ("import os; del os.environ['CRAZYROUTER_API_KEY']",)
    with Gateway(painted) as gateway, Client(base_url=gateway.url, store=tmp_path) as client:
        with processes(1, initializer=exec, initargs=forget) as executor:
            (error,) = client.generate_many(["0"], executor=executor).errors
        assert gateway.posts == 0
    assert isinstance(error, MissingKeyError)
    assert "each reads its own environment" in str(error)
    assert VARIABLE in str(error)


def test_a_worker_takes_the_key_that_was_set_since(tmp_path, monkeypatch):
    with Gateway(painted) as gateway, Client(base_url=gateway.url, store=tmp_path) as client:
        monkeypatch.delenv(VARIABLE)
        assert isinstance(task_of(client)().error, MissingKeyError)
        monkeypatch.setenv(VARIABLE, KEY)
        assert task_of(client)().error is None


@pytest.mark.parametrize("given", ["by hand", "entered"])
def test_a_key_that_workers_cannot_have_is_an_error(tmp_path, given):
    if given == "entered":
        enter_key(provider.CRAZYROUTER, "sk-other")
    try:
        client = Client(api_key="sk-other" if given == "by hand" else None, store=tmp_path)
    finally:
        forget_key(provider.CRAZYROUTER)
    with client, pytest.raises(ArgumentError, match="cannot use the key") as caught:
        client.generate_many(["0"], executor=ThreadPoolExecutor())
    assert "Keys are never sent to workers" in str(caught.value)
    assert "sk-other" not in str(caught.value)


def test_a_key_given_by_hand_that_the_environment_has_is_none(tmp_path):
    with Gateway(painted) as gateway, Client(base_url=gateway.url, api_key=KEY, store=tmp_path) as client:
        assert widths(client.generate_many(["0"], executor=Copying())) == [1]


def task_of(client: Client, prompt: str = "0") -> Task:
    """The task that an engine would submit, with its claim laid down."""
    request = ImageRequest(prompt)
    claim = Claim(client.store.folder, request.digest)
    client.store.prepare()
    claim.create()
    return Task(request, client.asynchronous.executor_backend(ThreadPoolExecutor()).settings, claim)


@pytest.mark.parametrize("replay", ["auto", "refresh"])
def test_promise_1_a_task_that_is_run_again_after_its_answer_sends_nothing(tmp_path, replay):
    with Gateway(painted) as gateway, Client(base_url=gateway.url, store=tmp_path, replay=replay) as client:
        task = task_of(client)
        answers = [task(), pickle.loads(pickle.dumps(task))()]
        assert gateway.posts == 1
    assert [answer.error for answer in answers] == [None, None]


@pytest.mark.parametrize(("retry_unknown", "posts"), [(False, 0), (True, 1)])
def test_promise_1_a_task_whose_worker_was_lost_is_not_sent_again(tmp_path, retry_unknown, posts):
    with (
        Gateway(painted) as gateway,
        Client(base_url=gateway.url, store=tmp_path, retry_unknown=retry_unknown) as client,
    ):
        task = task_of(client)
        assert task.claim.acquire()  # as the worker did that was lost
        outcome = task()
        assert gateway.posts == posts
    assert isinstance(outcome.error, OutcomeUnknownError) is not retry_unknown
    if not retry_unknown:
        assert "'0'" in str(outcome.error)
        assert task.request.digest[:12] in str(outcome.error)
        assert "billed" in str(outcome.error)


def test_promise_1_a_worker_that_sees_another_store_sends_nothing(tmp_path):
    with Gateway(painted) as gateway, Client(base_url=gateway.url, store=tmp_path) as client:
        task = task_of(client)
        task.claim.drop()
        outcome = task()
        assert gateway.posts == 0
    assert isinstance(outcome.error, ArgumentError)
    assert "all workers share" in str(outcome.error)
