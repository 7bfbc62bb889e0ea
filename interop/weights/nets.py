"""The nets whose weights go to and fro: in PyTorch, and the same in Keras; test/weights/nets.ts declares them here."""

import torch
from torch import nn


class Images(nn.Module):
    """x [n, 3, 6, 6] -> [n, 5]"""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(4)
        self.depthwise = nn.Conv2d(4, 8, 3, padding=1, groups=4, bias=False)
        self.up = nn.ConvTranspose2d(8, 3, 2, stride=2)
        self.gn = nn.GroupNorm(3, 3)
        self.fc = nn.Linear(3 * 12 * 12, 5)

    def forward(self, x):
        h = torch.relu(self.bn1(self.conv1(x)))
        h = self.gn(torch.tanh(self.up(self.depthwise(h))))
        return self.fc(h.flatten(1))


class Sequences(nn.Module):
    """tokens [n, 7] -> [n, 3]"""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 6)
        self.temporal = nn.Conv1d(6, 6, 3, padding=1)
        self.rnn = nn.RNN(6, 5, batch_first=True)
        self.lstm = nn.LSTM(5, 8, batch_first=True)
        self.gru = nn.GRU(8, 8, batch_first=True)
        self.norm = nn.LayerNorm(8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.head = nn.Linear(8, 3)

    def forward(self, tokens):
        h = self.temporal(self.embed(tokens).transpose(1, 2)).transpose(1, 2)
        h = self.norm(self.gru(self.lstm(self.rnn(h)[0])[0])[0])
        h = self.attention(h, h, h, need_weights=False)[0]
        return self.head(h.mean(1))


NETS = {"images": Images, "sequences": Sequences}
