from __future__ import annotations

import zipfile


def test_a_class_of_two_kinds_of_process_is_archived_once(cds):
    master = "# a comment\njava/lang/Object id: 0\norg/apache/spark/Master id: 1\n"
    worker = "java/lang/Object id: 0\norg/apache/spark/Worker id: 7\n"
    assert cds.merged([master, worker]) == "java/lang/Object\n"


def test_the_way_to_s3_is_archived_whoever_goes_it(cds):
    assert cds.merged(["org/apache/hadoop/fs/s3a/S3AFileSystem id: 1\na/A id: 2\n"]) == (
        "org/apache/hadoop/fs/s3a/S3AFileSystem\n"
    )


def test_numbers_of_one_list_mean_nothing_in_another(cds):
    assert cds.merged(["a/A id: 1\nb/B id: 2\n", "b/B id: 1\na/A id: 2\n"]) == "a/A\nb/B\n"


def test_classes_of_other_class_loaders_are_left_out(cds):
    generated = "x/Generated id: 5 super: 1 source: /jars/janino.jar\n"
    assert cds.merged([generated, generated]) == ""


def test_lambda_forms_come_first(cds):
    lists = ["a/A id: 0\n@lambda-form-invoker [LF_RESOLVE] X y L_L\n", "a/A id: 0\n"]
    assert cds.merged(lists).splitlines() == ["@lambda-form-invoker [LF_RESOLVE] X y L_L", "a/A"]


def test_the_class_path_names_all_jars_in_one_order(classpath, tmp_path, monkeypatch):
    names = [f"library-with-a-long-name-{number:02}.jar" for number in range(30)]
    (tmp_path / "lib").mkdir()
    for name in reversed(names):
        (tmp_path / "lib" / name).touch()
    monkeypatch.setattr("sys.argv", ["classpath.py", str(tmp_path)])
    assert classpath.main() == 0
    with zipfile.ZipFile(tmp_path / "spark.jar") as jar:
        manifest = jar.read("META-INF/MANIFEST.MF").decode()
    unfolded = manifest.replace("\r\n ", "").splitlines()
    assert unfolded[1] == "Class-Path: " + " ".join(f"lib/{name}" for name in names)
    assert max(len(line) for line in manifest.splitlines()) <= 72
