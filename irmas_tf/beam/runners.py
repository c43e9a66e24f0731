"""Which runner of Beam does the work: by default the one in this process, which fetches nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from irmas_tf.config.settings import ConfigError

if TYPE_CHECKING:
    import apache_beam as beam

LOCAL = "DirectRunner"
# Names of Beam for running on this machine. Its own choice among them begins with Prism, a program that it downloads.
_LOCAL_NAMES = ("direct", "switchingdirect", "fnapi", "bundlebaseddirect")
FIT = (LOCAL, "DataflowRunner", "FlinkRunner", "SparkRunner", "PortableRunner", "PrismRunner")
"""Runners that the pipeline is for."""
# Name without "runner" -> why it cannot run the pipeline.
_UNFIT = {
    "dask": "writes empty files and calls that done",
    "interactive": "is for notebooks",
    "render": "draws the pipeline and runs nothing",
    "kafkastreams": "is for streams, not for files",
    "testdirect": "is for Beam's own tests",
    "testdataflow": "is for Beam's own tests",
    "pythonrpcdirect": "is for Beam's own tests",
}


def _plain(name: str) -> str:
    """Return a runner's name as Beam compares it: without its module, small, without "runner"."""
    return name.rpartition(".")[2].lower().removesuffix("runner")


def _is_local(name: str) -> bool:
    return _plain(name) in _LOCAL_NAMES


def runs_here(options: Any) -> bool:
    """Return whether Beam's options name a runner that works in this process, so that its places are this machine's."""
    return _is_local(_name(options))


def check_runner(name: str) -> None:
    """Refuse a runner that Beam does not know, or that cannot run the pipeline.

    Args:
        name: as given; a class with its module is anyone's own, and taken as it is unless it is known to be unfit.

    Raises:
        ConfigError: the message lists those that can.
    """
    plain = _plain(name)
    possible = f"possible: {', '.join(FIT)}, or the full name of a runner's class"
    if plain in _UNFIT:
        raise ConfigError(f"--runner={name}: {_UNFIT[plain]}; {possible}")
    if "." not in name and plain not in {*_LOCAL_NAMES, *map(_plain, FIT)}:
        raise ConfigError(f"--runner={name}: Apache Beam has no such runner; {possible}")


def make_pipeline(options: Any) -> beam.Pipeline:
    """Return an empty pipeline on the runner that Beam's options name, by default on the one in this process.

    Raises:
        ConfigError: the runner is unknown, unfit or not installed, or lacks options.
    """
    import apache_beam as beam

    name = _name(options)
    check_runner(name)
    if _is_local(name):
        return beam.Pipeline(runner=_in_process(options), options=options)
    try:
        return beam.Pipeline(options=options)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise ConfigError(f"--runner={name}: {' '.join(str(error).split())}") from error


def _name(options: Any) -> str:
    """Return the runner that the options name."""
    from apache_beam.options.pipeline_options import StandardOptions

    return str(options.view_as(StandardOptions).runner or LOCAL)


def run_to_the_end(pipeline: beam.Pipeline, options: Any) -> Any:
    """Run a pipeline, wait for its end and return Beam's result.

    Raises:
        ConfigError: a runner elsewhere cannot be reached, refuses the pipeline, or ended without being done.
        Exception: what went wrong in a worker, as Beam raises it.
    """
    name = _name(options)
    try:
        result = pipeline.run()
    except Exception as error:
        if _is_local(name):
            raise  # the work was done in this process
        raise ConfigError(f"--runner={name}: {type(error).__name__}: {' '.join(str(error).split())}") from error
    state = result.wait_until_finish()
    if state not in (None, "DONE"):
        raise ConfigError(f"--runner={name}: the pipeline ended as {state}")
    return result


def _in_process(options: Any) -> Any:
    """Return the runner in this process; its workers learn the options, as filesystems need some of them."""
    from apache_beam.portability.api import beam_provision_api_pb2
    from apache_beam.runners.portability.fn_api_runner import fn_runner
    from apache_beam.runners.portability.portable_runner import JobServiceHandle

    encoded = JobServiceHandle.encode_pipeline_options(options.get_all_options())
    provision = beam_provision_api_pb2.ProvisionInfo(pipeline_options=encoded)
    return fn_runner.FnApiRunner(provision_info=fn_runner.ExtendedProvisionInfo(provision))
