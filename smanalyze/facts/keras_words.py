"""What a Keras configuration may name that does more than compute, each with the reason.

When Keras builds a model from its configuration, it imports ``module`` and takes ``class_name`` (or the function that
``config`` names) from it, then calls what it found with values that also stand in the configuration:
keras/src/saving/serialization_lib.py (_retrieve_class_or_fn), keras/src/layers/core/{lambda_layer,tf_op_layer}.py of
Keras 2. Keras 2.13 to 2.15, and Keras 3 before 3.9, import any module (CVE-2025-1550). Later releases import keras,
keras_hub, keras_cv and keras_nlp alone, take only Keras's own kinds of object from them since 3.11 (CVE-2025-8747,
CVE-2025-9906), and refuse some public functions by name (NON_MODELING_APIS).

The words for what something does are those of ``graph.op_risk``.
"""

from __future__ import annotations

from typing import Final

KERAS_PACKAGES: Final = frozenset({"keras", "tf_keras", "keras_core", "tensorflow", "tensorflow_core"})
"""Where Keras's own objects live; what is named there is a question of the name."""

IMPORTED_PACKAGES: Final = KERAS_PACKAGES | {"keras_hub", "keras_cv", "keras_nlp"}
"""The packages that Keras 3 imports since 3.9 because a configuration says so, and where Keras 2 looks by itself."""

_CODE, _PROCESS, _NETWORK = "host-code", "process", "network"
_READ, _WRITE = "file-read", "file-write"

_MODULES: Final = (
    (_PROCESS, "starts and controls processes, and deletes and changes files",
     "os. posix nt subprocess _posixsubprocess pty signal platform webbrowser antigravity multiprocessing. pexpect. "
     "psutil."),
    (_CODE, "runs or imports code that it is given",
     "importlib. _frozen_importlib imp runpy code codeop pkgutil zipimport zipapp pydoc doctest unittest. timeit trace "
     "profile cProfile pdb bdb site sys gc inspect types functools operator concurrent. threading _thread asyncio. "
     "sched atexit distutils. setuptools. pip. ensurepip. venv. pkg_resources. IPython. jupyter_client. ptpython."),
    (_CODE, "makes objects of pickled or marshalled bytes, and so runs what they say",
     "pickle _pickle cPickle marshal shelve copyreg dill. cloudpickle. joblib. jsonpickle. yaml. ruamel."),
    (_CODE, "calls native code", "ctypes. _ctypes cffi. _cffi_backend cppyy."),
    (_NETWORK, "talks to other machines",
     "socket _socket ssl urllib. urllib2 urllib3. http. ftplib smtplib telnetlib poplib imaplib nntplib xmlrpc. "
     "socketserver requests. httpx. aiohttp. httplib2. pycurl paramiko. boto3. botocore. huggingface_hub."),
    (_WRITE, "reads, writes, moves and deletes files",
     "shutil io _io pathlib tempfile fileinput glob linecache zipfile tarfile gzip bz2 lzma sqlite3. dbm. mmap "
     "logging. codecs genericpath posixpath ntpath"),
)  # fmt: skip
"""A dot at the end stands for the modules inside of a package, too."""

FOREIGN_MODULES: Final = {name: (does, reason) for does, reason, names in _MODULES for name in names.split()}
"""Modules outside Keras that no object of a model comes from: what they do, and why that matters."""

BUILTINS: Final = {
    **dict.fromkeys(("eval", "exec", "compile", "__import__", "execfile"), (_CODE, "runs code that it is given")),
    **dict.fromkeys(("getattr", "setattr", "delattr", "globals", "locals", "vars"),
                    (_CODE, "reaches and changes Python objects by name")),
    **dict.fromkeys(("breakpoint", "input", "help", "exit", "quit"), (_PROCESS, "stops or ends the process")),
    "open": (_WRITE, "opens any file"),
}  # fmt: skip
"""Python's own functions; Keras 2 and Keras 3 before 3.9 look names of the module ``builtins`` up there, too."""

_UNSAFE = "switches off Keras's safe mode for what is loaded after it (CVE-2025-9906)"
_LOAD = "loads another model, with its own code (CVE-2025-9906)"
_BUILD = "builds any object from a configuration that it is given, outside safe mode"
_FETCH = "downloads a file, and unpacks archives wherever their members say (CVE-2025-8747, CVE-2025-12060)"

_GADGETS: Final = (
    (_NETWORK, _FETCH, "get_file extract_archive _extract_archive extract_open_archive"),
    (_NETWORK, "downloads a file", "load_data get_word_index decode_predictions"),
    (_NETWORK, "reaches the network", "urlopen urlretrieve"),
    (_CODE, _UNSAFE, "enable_unsafe_deserialization set_global_attribute SafeModeScope"),
    (_CODE, _LOAD, "load_model _load_model_from_fileobj load_model_from_hdf5 _load_model_from_dir"),
    (_CODE, _BUILD,
     "deserialize_keras_object deserialize model_from_json model_from_yaml model_from_config clone_model"),
    (_CODE, "makes a function of marshalled bytes", "func_load"),
    (_CODE, "unpickles a PyTorch module of base64 in the configuration (torch.load)", "TorchModuleWrapper"),
    (_CODE, "runs Python in the graph", "py_function numpy_function py_func eager_py_func"),
    (_CODE, "loads native code from a file",
     "load_op_library load_library load_file_system_library load_pluggable_device_library register_filesystem_plugin"),
    (_CODE, "runs code that it is given",
     "eval exec system popen Popen check_output check_call spawnl spawnv execl execv execve runpy run_module run_path "
     "import_module __import__ runstring"),
    (_CODE, "makes objects of pickled bytes", "Unpickler unpickle read_pickle"),
    ("opaque", "puts a graph into the model that stands in a string or a file",
     "import_graph_def import_meta_graph import_scoped_meta_graph"),
    (_WRITE, "writes files",
     "save_model save_weights save_img write_file write_graph plot_model plot_image_gallery export_saved_model rmtree "
     "copyfile copytree makedirs unlink removedirs"),
    ("state", "changes what Keras keeps for the whole process", "register_keras_serializable clear_session"),
    ("opaque", "loads a SavedModel from a path, with whatever its graph does", "TFSMLayer"),
    (_READ, "reads files",
     "load_weights load_img read_file matching_files image_dataset_from_directory text_dataset_from_directory "
     "audio_dataset_from_directory timeseries_dataset_from_directory index_directory GFile FastGFile fromfile "
     "genfromtxt loadtxt memmap"),
)  # fmt: skip

GADGETS: Final = {name: (does, reason) for does, reason, names in _GADGETS for name in names.split()}
"""Names in Keras's and TensorFlow's own packages that are no part of a model, by the last part of the name."""

LIBRARIES: Final = frozenset(
    {"numpy", "scipy", "pandas", "torch", "sklearn", "jax", "matplotlib", "PIL", "cv2", "transformers", "datasets"}
)
"""Libraries that are often installed; an author's layer may come from them, what reads and writes files does not."""

_LIBRARY_NAMES = """
    load loads loadtxt genfromtxt fromfile memmap open imread read_pickle read_csv read_json read_table read_sql
    read_html read_excel read_hdf loadmat load_module load_inline load_state_dict_from_url download_url_to_file
    load_dataset from_pretrained from_file eval query runstring rundocs save savez savetxt savefig imsave imwrite
    dump dumps to_pickle
"""
LIBRARY_GADGETS: Final = dict.fromkeys(
    _LIBRARY_NAMES.split(), (_CODE, "reads, writes, unpickles or runs what it is given")
)
"""The same in LIBRARIES."""

SYMBOLS: Final = (
    ("io.gfile.", _WRITE, "reads, writes and deletes files"),
    ("saved_model.", _CODE, "loads or saves another model"),
    ("keras.utils.", _WRITE, "is a tool that works on files and configurations, and no layer"),
    ("keras.models.", _CODE, "loads or builds another model"),
    ("keras.saving.", _CODE, "loads or builds another model"),
    ("keras.legacy.saving.", _CODE, "loads or builds another model"),
    ("keras.export.", _WRITE, "writes a model"),
    ("keras.datasets.", _NETWORK, "downloads a data set"),
    ("keras.distribution.", _NETWORK, "talks to a cluster"),
    ("keras.visualization.", _WRITE, "draws a picture into a file"),
    ("keras.config.", "state", "changes what Keras keeps for the whole process"),
    ("summary.", _WRITE, "writes a training log"),
    ("data.experimental.", _READ, "reads or writes data sets"),
    ("data.TextLineDataset", _READ, "reads files"),
    ("data.TFRecordDataset", _READ, "reads files"),
    ("data.FixedLengthRecordDataset", _READ, "reads files"),
    ("distribute.", _PROCESS, "talks to a cluster"),
    ("train.", _WRITE, "reads and writes checkpoints"),
    ("profiler.", _PROCESS, "opens a server or writes a log"),
    ("config.", _PROCESS, "changes the settings of the process"),
)
"""Beginnings of public names (behind ``tf.``) of functions that a TFOpLambda or Lambda layer may call with any
arguments. Keras 3.15 still takes some of them, such as keras.datasets.mnist.load_data and keras.utils.plot_model."""

APPLICATIONS: Final = "keras.applications"
"""Where functions that begin with a capital build whole models, with weights from the network or from any path."""

SYMBOLS_THAT_COMPUTE: Final = frozenset({
    "keras.utils.to_categorical", "keras.utils.normalize", "keras.utils.pack_x_y_sample_weight",
    "keras.utils.unpack_x_y_sample_weight",
})  # fmt: skip
"""Exceptions to SYMBOLS."""

PATH_FIELDS: Final = {
    **dict.fromkeys(
        ("IndexLookup", "StringLookup", "IntegerLookup", "TextVectorization"),
        ("vocabulary", "Keras reads the vocabulary from a path while it loads the model (CVE-2025-12058)"),
    ),
    **dict.fromkeys(
        ("WordPieceTokenizer", "BytePairTokenizer"), ("vocabulary", "the tokenizer reads its vocabulary from a path")
    ),
    "SentencePieceTokenizer": ("proto", "the tokenizer reads its model from a path"),
    "KerasLayer": ("handle", "the layer of TensorFlow Hub loads a SavedModel, with whatever its graph does"),
}
"""Field of a class's config that may be a path or an address, and what is done with it."""

_STRONG_NAMES = """
    system popen Popen subprocess check_output check_call eval exec compile __import__ import_module importlib open
    socket urlopen urlretrieve urllib requests http ftplib smtplib paramiko pickle marshal ctypes CDLL shutil rmtree
    execl execv execve spawnl spawnv fork forkpty pty startfile kill builtins __builtins__ __globals__ __subclasses__
    __mro__ __bases__ runpy b64decode a2b_base64 codecs zlib py_function numpy_function py_func load_op_library
    load_library write_file read_file matching_files gfile GFile get_file load_model load_weights
    enable_unsafe_deserialization unlink removedirs makedirs environ getenv putenv _exit connect sendall download
"""
_TELLING_NAMES = "os sys posix nt base64 io pathlib glob tempfile platform getattr setattr"

STRONG: Final = frozenset(_STRONG_NAMES.split())
"""Names in bytecode that no computation of tensors needs."""

TELLING: Final = STRONG | frozenset(_TELLING_NAMES.split())
"""Names in bytecode that are shown first."""
