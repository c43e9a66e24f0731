"""OpenMIC-2018 as it is distributed: ``--dataset=openmic --data_dir=DIR``."""

from __future__ import annotations

import os

from irmas_tf.config.data import DataConfig
from irmas_tf.datasets.dataset import DataLook
from irmas_tf.own_data.listing import Listing
from irmas_tf.own_data.openmic_classes import LABELS
from irmas_tf.own_data.openmic_files import find_root
from irmas_tf.own_data.openmic_listing import read_openmic
from irmas_tf.own_data.own_dataset import OwnDataset

LICENCE = (
    "Weights trained on OpenMIC-2018 (E. J. Humphrey, S. Durand, B. McFee, ISMIR 2018; zenodo.org/records/1432913): the"
    " data set is licensed CC BY 4.0, credit to its authors. Its clips are cut from recordings of the Free Music"
    " Archive, each under a licence of its own (license_title in openmic-2018-metadata.csv), some for non-commercial"
    " use only."
)


class OpenMic(OwnDataset):
    """20,000 clips of 10 s, each with a few known labels of 20 classes; the published partition is for tests.

    Labels are those of ``openmic-2018.npz``; a class is heard from a relevance of .5 on, and unknown where the mask
    says so. The validation side is drawn from the training partition, by artist. See
    `irmas_tf.own_data.openmic_listing`.
    """

    classes_in_data = False
    labels = LABELS
    licence = LICENCE

    def listing(self, data_dir: str | os.PathLike[str]) -> Listing:
        """Return what the copy holds; see `read_openmic`."""
        return read_openmic(data_dir)

    def describe(self, data_dir: str | os.PathLike[str]) -> DataConfig:
        """Return the settings as they are, since the classes are known; nothing but the folder is looked at.

        Raises:
            DataError: the folder holds no OpenMIC-2018.
        """
        find_root(data_dir)
        return self.settings

    def look(self, data_dir: str | os.PathLike[str]) -> DataLook:
        """Return the folder that holds the data set.

        Raises:
            DataError: there is none.
        """
        return DataLook(find_root(data_dir).resolve())
