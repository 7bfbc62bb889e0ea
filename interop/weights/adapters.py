"""
Judges adapters by PEFT itself: those of adapters.ts load by PeftModel.from_pretrained, predict what the trainer does, and merge; and writes adapters that
PEFT trained, for adapters.ts, and for test/weights.

    pip install -r requirements.txt peft && npx tsx adapters.ts /tmp/peft && python adapters.py /tmp/peft && npx tsx adapters.ts /tmp/peft back
"""

import json
import os
import shutil
import sys

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file

HERE = os.path.dirname(os.path.abspath(__file__))
folder = sys.argv[1]
at = lambda name: os.path.join(folder, name)


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(2, 4, 3, padding=1)
        self.hidden = torch.nn.Linear(100, 8)
        self.fc = torch.nn.Linear(8, 3)

    def forward(self, x):
        return self.fc(torch.relu(self.hidden(torch.relu(self.conv(x)).flatten(1))))


def base():
    net = Net()
    weights = {key: value for key, value in load_file(at("base.safetensors")).items() if "lora" not in key}
    net.load_state_dict(weights, strict=True)
    return net


with open(at("here.json")) as file:
    told = json.load(file)
x = torch.tensor(told["x"]).reshape(4, 2, 5, 5)
one = x[:1]
off = lambda y, expected: ((y.ravel() - torch.tensor(expected)).abs().max() / torch.tensor(expected).abs().max()).item()

# what PEFT asks for beside the file; here alpha is 3 and the rank 2
with open(at("here/adapter_config.json"), "w") as file:
    json.dump({"peft_type": "LORA", "r": 2, "lora_alpha": 3, "target_modules": ["conv", "hidden"]}, file)
torch.manual_seed(5)
with torch.no_grad():
    net = PeftModel.from_pretrained(base(), at("here")).eval()
    apart = off(net(one), told["given"])
    merged = off(net.merge_and_unload()(one), told["whole"])
print(f"adapters of here in PEFT: {apart:.1e} of the largest output, merged {merged:.1e}")
assert max(apart, merged) <= 1e-5
assert off(base()(one), told["given"]) > 1e-2  # the adapters do something

net = get_peft_model(base(), LoraConfig(r=2, lora_alpha=3, target_modules=["conv", "hidden"], lora_dropout=0.0))
rule = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], 0.05)
for _ in range(5):
    rule.zero_grad()
    torch.nn.functional.cross_entropy(net(x), torch.tensor([0, 1, 2, 0])).backward()
    rule.step()
net.eval().save_pretrained(at("back"))
with torch.no_grad():
    given = net(one).ravel().tolist()
    whole = net.merge_and_unload()(one).ravel().tolist()
with open(at("back.json"), "w") as file:
    json.dump({"given": given, "whole": whole}, file)

tests = os.path.join(HERE, "..", "..", "test", "weights")
shutil.copy(at("back/adapter_model.safetensors"), os.path.join(tests, "peft.safetensors"))
kept = {key: value for key, value in load_file(at("base.safetensors")).items() if "lora" not in key}
save_file({**kept, "expected": torch.tensor(given)}, os.path.join(tests, "peft.expected.safetensors"))
