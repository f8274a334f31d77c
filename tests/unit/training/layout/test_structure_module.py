import random

import numpy as np
import pytest
import torch

from data.layouts.page_composer import PageRequest, compose_page
from ocr.core.errors import DataError
from ocr.layout.learned.structure_network import run_network
from training.layout.labeled_graph import LabeledGraph, label
from training.layout.structure_module import load_weights, weights_of
from training.layout.structure_trainer import LoopSettings, StructureTrainer, loss_of, make_batch, new_network


@pytest.fixture(scope="module")
def graphs() -> list[LabeledGraph]:
    pages = [compose_page(PageRequest(kind, "module")).truth for kind in ("letter", "receipt")]
    made = [label(page, random.Random(0)) for page in pages]
    return [graph for graph in made if graph is not None]


def test_torch_and_numpy_say_the_same(graphs: list[LabeledGraph]) -> None:
    network = new_network(graphs, seed=0)
    weights = {name: array.astype(np.float32) for name, array in weights_of(network).items()}
    load_weights(network, weights)
    batch = make_batch(graphs)
    with torch.no_grad():
        fields, _, relations = network(batch.nodes, batch.inputs, batch.neighbors, batch.page_of)
    start = 0
    for one in graphs:
        said, size = run_network(one.graph, weights), len(one.graph.nodes)
        assert np.allclose(said.fields, fields[start : start + size].softmax(dim=1).numpy(), atol=1e-3)
        assert np.allclose(said.relations, relations[start : start + size].sigmoid().numpy(), atol=1e-3)
        start += size


def test_weights_of_another_shape_are_refused(graphs: list[LabeledGraph]) -> None:
    with pytest.raises(DataError, match="do not fit"):
        load_weights(new_network(graphs, seed=0), {})


@pytest.mark.slow
def test_training_lowers_the_loss_and_a_stopped_run_goes_on(
    graphs: list[LabeledGraph], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("run")
    network = new_network(graphs, seed=0)
    before = float(loss_of(network, make_batch(graphs)).detach())
    trainer = StructureTrainer(network, LoopSettings(8, 3e-3, 2, 0.01, 0), folder)
    trainer.train(graphs)
    assert trainer.losses[-1] < before
    again = StructureTrainer(new_network(graphs, seed=1), LoopSettings(8, 3e-3, 2, 0.01, 0), folder)
    again.resume()
    assert (again.step, again.losses) == (trainer.step, trainer.losses)
