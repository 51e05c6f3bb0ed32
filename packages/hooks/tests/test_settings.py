from miniwdl_aws_hooks import EnvironSettings


def test_the_variable_is_named_as_miniwdl_names_it():
    assert EnvironSettings({"MINIWDL__AWS__TASK_QUEUE": "q"}).get("aws", "task_queue") == "q"


def test_an_override_wins_over_the_environment():
    settings = EnvironSettings({"MINIWDL__AWS__FS": "fs-1"}, {("aws", "fs"): "fs-2"})
    assert settings.get("aws", "fs") == "fs-2"


def test_empty_and_absent_are_the_same():
    settings = EnvironSettings({"MINIWDL__AWS__FS": ""})
    assert settings.get("aws", "fs") is None
    assert settings.get("aws", "region") is None


def test_the_process_environment_is_the_default(monkeypatch):
    monkeypatch.setenv("MINIWDL__AWS__REGION", "eu-north-1")
    assert EnvironSettings().get("aws", "region") == "eu-north-1"
